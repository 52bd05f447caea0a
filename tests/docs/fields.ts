/** A JSON schema as rows of a table: a path and a type in words. */
import { z } from 'zod';

export interface Field {
  /** `rows[].gross`. */
  readonly name: string;
  /** In words, as Markdown. */
  readonly type: string;
}

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.string()).optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  anyOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});
type Node = z.output<typeof node>;

/** Patterns that have a name. */
const NAMED: Readonly<Record<string, string>> = {
  [String.raw`^-?\d{1,15}$`]: 'minor units, decimal text',
  '^[A-Z]{3}$': 'currency code',
  [String.raw`^\d{4}-\d{2}-\d{2}$`]: 'date, `YYYY-MM-DD`',
  [String.raw`^[\s\S]{1,}:[\s\S]{1,}$`]: 'actor, `<kind>:<id>`',
  [String.raw`^\d{15}$`]: '15 digits',
  [String.raw`^\d{1,16}$`]: '1 to 16 digits',
  [String.raw`^\d{5}$`]: '5 digits',
};

/** All leaves, in the schema's order. */
export function fieldsOf(schema: unknown, prefix = ''): Field[] {
  const { properties = {}, required = [] } = node.parse(schema);
  return Object.entries(properties).flatMap(([name, value]) => {
    const optional = required.includes(name) ? '' : ', optional';
    return fieldOf(`${prefix}${name}`, node.parse(value), optional);
  });
}

function fieldOf(name: string, value: Node, optional: string): Field[] {
  if (value.properties !== undefined) return fieldsOf(value, `${name}.`);
  if (value.type !== 'array') return [{ name, type: worded(value) + optional }];
  const item = node.parse(value.items);
  const most = value.maxItems === undefined ? '' : `, at most ${value.maxItems}`;
  if (item.properties === undefined) return [{ name: `${name}[]`, type: `list: ${worded(item)}${most}${optional}` }];
  return [{ name: `${name}[]`, type: `list${most}${optional}` }, ...fieldsOf(item, `${name}[].`)];
}

function worded(value: Node): string {
  if (value.anyOf !== undefined) return value.anyOf.map((one) => worded(node.parse(one))).join(' or ');
  if (value.enum !== undefined) return `one of ${value.enum.map((one) => `\`${one}\``).join(', ')}`;
  if (value.pattern !== undefined) return NAMED[value.pattern] ?? `text like \`${value.pattern}\``;
  const types = (Array.isArray(value.type) ? value.type : [value.type ?? 'any']).map((type) => (type === 'string' ? 'text' : type));
  const longest = value.maxLength === undefined ? '' : `, at most ${value.maxLength} characters`;
  return types.map((type) => (type === 'object' ? 'texts by name' : type)).join(' or ') + longest + rangeOf(value);
}

/** The bounds of safe integers say nothing. */
function rangeOf({ minimum, maximum }: Node): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? null : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : maximum;
  if (low !== null && high !== null) return `, ${low} to ${high}`;
  return (low === null ? '' : `, at least ${low}`) + (high === null ? '' : `, at most ${high}`);
}
