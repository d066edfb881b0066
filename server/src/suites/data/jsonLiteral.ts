/** JSON as the value that Python's `json` reads: integers of any size, floats apart from integers, NaN. */
import { parseLiteral } from '../../literal/parse.ts';
import { formatLiteral } from '../../literal/format.ts';
import type { LiteralValue, ParseResult } from '../../literal/value.ts';

const NAMES: Readonly<Record<string, string>> = {
  true: 'True',
  false: 'False',
  null: 'None',
  NaN: 'nan',
  Infinity: 'inf',
};

const STRING_OR_NON_NUMBER = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g;
const STRING_OR_NAME = /"(?:[^"\\]|\\.)*"|[A-Za-z]+/g;

/** @param characters longest accepted text */
export function jsonLiteral(json: string, characters: number): ParseResult<LiteralValue> {
  const python = json.replace(STRING_OR_NAME, (token) =>
    token.startsWith('"') ? stringLiteral(token) : (NAMES[token] ?? token),
  );
  return parseLiteral(python, { characters: characters * 2, depth: 64 });
}

/** What JSON.parse gives, also of NaN and Infinity, which Python writes: they are null. */
export function parsePythonJson(json: string): unknown {
  const withoutNonNumber = (token: string) => (token.startsWith('"') ? token : 'null');
  return JSON.parse(json.replace(STRING_OR_NON_NUMBER, withoutNonNumber));
}

function stringLiteral(token: string): string {
  return formatLiteral({ kind: 'str', value: JSON.parse(token) as string });
}
