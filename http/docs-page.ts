/** The OpenAPI document as one page: no scripts, nothing loaded from elsewhere. */

type Json = Readonly<Record<string, unknown>>;

/** Renders a document that `openApi` made. */
export function docsPage(document: Json): string {
  const info = objectOf(document['info']);
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => section(tag, operations));
  const nav = tags.map((tag) => `<a href="#${slug(tag)}">${escape(tag)}</a>`).join('');
  const title = `${textOf(info['title'])} ${textOf(info['version'])}`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escape(title)}</title><style>${STYLE}</style></head><body>`,
    `<header><h1>${escape(textOf(info['title']))} <small>${escape(textOf(info['version']))}</small></h1>`,
    '<p>Amounts are decimal text with a currency. Writes need an <code>Idempotency-Key</code>. Errors are ',
    '<code>application/problem+json</code> with a stable <code>code</code>. The document itself: <a href="/openapi.json">/openapi.json</a>.</p>',
    `<nav>${nav}</nav></header><main>${sections.join('')}</main></body></html>`,
  ].join('');
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly facts: Json;
}

function operationsOf(document: Json): Operation[] {
  return Object.entries(objectOf(document['paths'])).flatMap(([path, item]) =>
    Object.entries(objectOf(item)).map(([method, value]) => {
      const facts = objectOf(value);
      return { method, path, tag: textOf(listOf(facts['tags'])[0]), facts };
    }),
  );
}

function section(tag: string, operations: readonly Operation[]): string {
  const own = operations.filter((one) => one.tag === tag).map(operation);
  return `<section id="${slug(tag)}"><h2>${escape(tag)}</h2>${own.join('')}</section>`;
}

function operation({ method, path, facts }: Operation): string {
  const locked = listOf(facts['security']).length > 0;
  return [
    `<details><summary><b class="${escape(method)}">${escape(method.toUpperCase())}</b> <code>${escape(path)}</code>`,
    `<span>${escape(textOf(facts['summary']))}</span>${locked ? '<i>token</i>' : ''}</summary>`,
    parametersOf(facts),
    bodyOf(facts),
    ...Object.entries(objectOf(facts['responses'])).map(([status, reply]) => replyOf(status, objectOf(reply))),
    '</details>',
  ].join('');
}

function parametersOf(facts: Json): string {
  const rows = listOf(facts['parameters']).map((value) => {
    const { name, in: place, required, schema } = objectOf(value);
    const facets = objectOf(schema);
    const need = required === true ? 'required' : 'optional';
    return `<tr><td><code>${escape(textOf(name))}</code></td><td>${escape(textOf(place))}, ${need}</td><td>${facetsOf(facets)}</td></tr>`;
  });
  return rows.length === 0 ? '' : `<h3>Parameters</h3><table>${rows.join('')}</table>`;
}

function bodyOf(facts: Json): string {
  const schema = schemaIn(objectOf(facts['requestBody']));
  return schema === null ? '' : `<h3>Body</h3>${schemaOf(schema)}`;
}

function replyOf(status: string, reply: Json): string {
  const schema = schemaIn(reply);
  const shown = schema === null || '$ref' in schema ? '' : schemaOf(schema);
  return `<h3>${escape(status)} <small>${escape(textOf(reply['description']))}</small></h3>${shown}`;
}

function schemaIn(holder: Json): Json | null {
  const media = Object.values(objectOf(holder['content']))[0];
  return media === undefined ? null : objectOf(objectOf(media)['schema']);
}

/** One row per field, fields of fields indented. */
function schemaOf(schema: Json): string {
  return `<table>${rowsOf(schema, 0).join('')}</table>`;
}

/** Deeper than our own schemas go: a bound all the same. */
const DEPTH_MAX = 6;

function rowsOf(schema: Json, depth: number): string[] {
  const required = listOf(schema['required']);
  return Object.entries(objectOf(schema['properties'])).flatMap(([name, value]) => {
    const field = objectOf(value);
    const inner = depth < DEPTH_MAX ? rowsOf(innerOf(field), depth + 1) : [];
    const need = required.includes(name) ? '' : ' <small>optional</small>';
    const row = `<tr><td style="padding-left:${String(depth * 18 + 8)}px"><code>${escape(name)}</code>${need}</td><td>${escape(typeOf(field))}</td><td>${facetsOf(field)}</td></tr>`;
    return [row, ...inner];
  });
}

function innerOf(field: Json): Json {
  return field['type'] === 'array' ? objectOf(field['items']) : (nonNull(field) ?? field);
}

/** `anyOf: [x, null]` is x that may be null. */
function nonNull(field: Json): Json | null {
  const choices = listOf(field['anyOf']).map(objectOf);
  return choices.length === 0 ? null : (choices.find((choice) => choice['type'] !== 'null') ?? null);
}

function typeOf(field: Json): string {
  const choices = listOf(field['anyOf']).map((choice) => typeOf(objectOf(choice)));
  if (choices.length > 0) return choices.join(' or ');
  if (field['type'] === 'array') return `list of ${typeOf(objectOf(field['items']))}`;
  return textOf(field['type']) || 'text';
}

function facetsOf(field: Json): string {
  const choices = listOf(field['enum'] ?? nonNull(field)?.['enum']).map((one) => `<code>${escape(textOf(one))}</code>`);
  const notes = [
    textOf(field['description']),
    'default' in field ? `Default ${textOf(field['default'])}.` : '',
    'maximum' in field && Number(field['maximum']) < Number.MAX_SAFE_INTEGER ? `At most ${textOf(field['maximum'])}.` : '',
    'maxLength' in field ? `At most ${textOf(field['maxLength'])} characters.` : '',
  ];
  return [...choices, escape(notes.filter(Boolean).join(' '))].filter(Boolean).join(' ');
}

function slug(tag: string): string {
  return tag.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6877;--line:#dfe4ea;--back:#fbfcfd;--card:#fff;--get:#0b6e4f;--post:#8a4b08}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#93a1b1;--line:#2c3642;--back:#12171d;--card:#1a2129;--get:#57c79a;--post:#e0a35c}}
*{box-sizing:border-box}body{margin:0 auto;max-width:980px;padding:32px 20px 80px;background:var(--back);color:var(--ink);font:15px/1.55 system-ui,sans-serif}
h1{margin:0;font-size:28px}h1 small,h3 small,small{color:var(--soft);font-weight:400}header p{color:var(--soft)}
h2{margin:36px 0 10px;font-size:18px;text-transform:capitalize}h3{margin:16px 0 6px;font-size:13px}
nav{display:flex;flex-wrap:wrap;gap:8px}nav a{padding:3px 10px;border:1px solid var(--line);border-radius:99px;text-decoration:none}
a{color:inherit}code{font:13px ui-monospace,monospace}
details{margin:6px 0;padding:0 14px;background:var(--card);border:1px solid var(--line);border-radius:8px}details[open]{padding-bottom:14px}
summary{display:flex;flex-wrap:wrap;gap:10px;align-items:baseline;padding:9px 0;cursor:pointer}summary span{color:var(--soft);flex:1 1 240px}
summary b{min-width:44px;font-size:12px}.get{color:var(--get)}.post{color:var(--post)}summary i{font-size:12px;color:var(--soft)}
table{width:100%;border-collapse:collapse;font-size:13px}td{padding:4px 8px;border-top:1px solid var(--line);vertical-align:top}td:nth-child(2){color:var(--soft);white-space:nowrap}
`;
