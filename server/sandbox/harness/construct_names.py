"""Names of the constructs that one node of the syntax tree tells, and of Python's own functions."""

import ast

# Arguments of these name types, which are then not called.
TYPE_CHECKS = frozenset({"isinstance", "issubclass"})
TYPES_WITH_METHODS = frozenset(
    {"bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
# Named here, since versions of Python differ in what they have.
BUILTINS = TYPES_WITH_METHODS | {
    *("abs", "all", "any", "ascii", "bin", "bool", "bytearray", "callable", "chr", "classmethod"),
    *("delattr", "dir", "divmod", "enumerate", "eval", "exec", "filter", "format", "getattr"),
    *("globals", "hasattr", "hash", "hex", "id", "input", "isinstance", "issubclass", "iter"),
    *("len", "locals", "map", "max", "memoryview", "min", "next", "object", "oct", "open", "ord"),
    *("pow", "print", "property", "range", "repr", "reversed", "round", "setattr", "slice"),
    *("sorted", "staticmethod", "sum", "super", "type", "vars", "zip"),
}

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor-divide",
    ast.Mod: "modulo",
    ast.Pow: "power",
    ast.MatMult: "matrix-multiply",
    ast.LShift: "left-shift",
    ast.RShift: "right-shift",
    ast.BitAnd: "bit-and",
    ast.BitOr: "bit-or",
    ast.BitXor: "bit-xor",
    ast.USub: "negate",
    ast.UAdd: "plus",
    ast.Invert: "invert",
    ast.Not: "not",
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "equal",
    ast.NotEq: "not-equal",
    ast.Lt: "less",
    ast.LtE: "less-or-equal",
    ast.Gt: "greater",
    ast.GtE: "greater-or-equal",
    ast.In: "in",
    ast.NotIn: "not-in",
    ast.Is: "is",
    ast.IsNot: "is-not",
}

# Found by the kind of the node alone; some kinds are younger than the oldest Python we support.
NODES = {
    "For": "statement:for",
    "AsyncFor": "statement:for",
    "While": "statement:while",
    "Try": "statement:try",
    "TryStar": "statement:try",
    "With": "statement:with",
    "AsyncWith": "statement:with",
    "ClassDef": "statement:class",
    "Raise": "statement:raise",
    "Assert": "statement:assert",
    "Match": "statement:match",
    "Break": "statement:break",
    "Continue": "statement:continue",
    "Global": "statement:global",
    "Nonlocal": "statement:nonlocal",
    "Delete": "statement:delete",
    "AugAssign": "statement:augmented-assignment",
    "ListComp": "expression:list-comprehension",
    "SetComp": "expression:set-comprehension",
    "DictComp": "expression:dict-comprehension",
    "GeneratorExp": "expression:generator",
    "IfExp": "expression:conditional",
    "Lambda": "expression:lambda",
    "JoinedStr": "expression:f-string",
    "TemplateStr": "expression:t-string",
    "NamedExpr": "expression:walrus",
    "Yield": "function:generator",
    "YieldFrom": "function:generator",
    "Await": "function:async",
    "AsyncFunctionDef": "function:async",
}
DISPLAYS = {"List": "list", "Dict": "dict", "Set": "set", "Tuple": "tuple"}
