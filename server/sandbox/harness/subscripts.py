"""Names for what stands in the brackets of a subscript."""

import ast


def index_name(index: ast.expr) -> str:
    """`slice:reversed`, `index:negative` and so on."""
    if isinstance(index, ast.Slice):
        return f"slice:{_slice_name(index)}"
    if isinstance(index, ast.Constant) and isinstance(index.value, (str, bytes)):
        return "index:key"
    return "index:negative" if _is_negative(index) else "index:element"


def number(node: ast.AST) -> int | float | complex | None:
    """The number that `node` writes, with its sign; None when it writes something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return -value if value is not None and isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, complex)):
        return None if isinstance(node.value, bool) else node.value
    return None


def _slice_name(node: ast.Slice) -> str:
    lower, upper = node.lower, node.upper
    if isinstance(lower, ast.Constant) and lower.value in (0, None):
        lower = None
    step = None if node.step is None else number(node.step)
    if node.step is not None and step != 1:
        if step != -1:
            return "stepped"
        return "reversed" if node.lower is None and upper is None else "reversed-part"
    if lower is None and upper is None:
        return "copy"
    if lower is None:
        return "all-but-last" if _is_negative(upper) else "prefix"
    if upper is None:
        return "last-items" if _is_negative(lower) else "suffix"
    return "middle"


def _is_negative(node: ast.expr | None) -> bool:
    value = None if node is None else number(node)
    return isinstance(value, (int, float)) and value < 0
