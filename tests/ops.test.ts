/** The rule file and the board: every expression parses, names figures that a process has, with labels that they have, and leads somewhere. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import test from 'ava';
import { parse } from 'yaml';
import { z } from 'zod';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../engine/metrics.ts';
import type { CounterName, GaugeName, HistogramName } from '../engine/metrics.ts';
import { createMetrics } from '../http/metrics.ts';
import { repositoryFolder } from '../mocks/servers/own-process.ts';
import { anchorsOf } from './docs/anchors.ts';

const read = (file: string): string => readFileSync(path.join(repositoryFolder(), file), 'utf8');
const duration = z.string().regex(/^\d+[smhd]$/);

const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^IronWallet[A-Za-z]+$/),
          expr: z.string(),
          for: duration.optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string().min(10), runbook: z.string().regex(/^docs\/operations\.md#[a-z0-9-]+$/) }),
        }),
      ),
    }),
  ),
});

const board = z.object({
  title: z.string(),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number().max(24), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
});

const rules = ruleFile.parse(parse(read('ops/prometheus-rules.yml'))).groups.flatMap((group) => group.rules);
const panels = board.parse(JSON.parse(read('ops/grafana-dashboard.json'))).panels;

/** What /metrics of a process shows after everything has happened once: series -> its labels. */
async function seriesOfProcess(): Promise<Map<string, Set<string>>> {
  const metrics = createMetrics({ processToo: true });
  const labelled = (labels: readonly string[]): Record<string, string> => Object.fromEntries(labels.map((label) => [label, 'x']));
  for (const [name, { labels }] of Object.entries(COUNTERS)) metrics.count(name as CounterName, 1, labelled(labels));
  for (const [name, { labels }] of Object.entries(GAUGES)) metrics.gauge(name as GaugeName, 1, labelled(labels));
  for (const [name, { labels }] of Object.entries(HISTOGRAMS)) metrics.observe(name as HistogramName, 1, labelled(labels));
  metrics.answered({ method: 'GET', route: '/v1/wallets', status: 200, seconds: 0.01, trace: '' });
  metrics.webhookIgnored('moyasar', 'wrong_mode');
  metrics.breaksOpen(new Map([['high', 1]]));
  const lines = (await metrics.exposition()).content.matchAll(/^([a-z_0-9]+)(?:\{([^}]*)\})? /gm);
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of lines)
    series.set(name, new Set([...(series.get(name) ?? []), ...[...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)]));
  return series;
}

interface Expression {
  readonly broken: boolean;
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

function expressionOf(text: string): Expression {
  let broken = false;
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) broken = true;
      const word = text.slice(node.from, node.to);
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') metrics.push(word);
      if (node.name === 'LabelName') labels.push(word);
    },
  });
  return { broken, metrics, labels };
}

/** Labels that the scrape gives to every series. */
const SCRAPED = ['instance', 'job'];

function problemsOf(expr: string, series: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const { broken, metrics, labels } = expressionOf(expr);
  const known = new Set([...SCRAPED, ...metrics.flatMap((name) => [...(series.get(name) ?? [])])]);
  return [
    ...(broken ? ['does not parse'] : []),
    ...(metrics.length === 0 ? ['names no metric'] : []),
    ...metrics.filter((name) => !series.has(name)).map((name) => `no process has ${name}`),
    ...labels.filter((label) => !known.has(label)).map((label) => `no metric in it has the label ${label}`),
  ];
}

test('every alert and every panel reads figures and labels that a process has', async (t) => {
  const series = await seriesOfProcess();
  const expressions = [
    ...rules.map(({ alert, expr }) => ({ of: alert, expr })),
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ of: title, expr }))),
  ];
  t.true(expressions.length > 40);
  t.deepEqual(
    expressions.flatMap(({ of, expr }) => problemsOf(expr, series).map((problem) => `${of}: ${problem}`)),
    [],
  );
});

test('a wrong expression is found', async (t) => {
  const series = await seriesOfProcess();
  t.deepEqual(problemsOf('sum by (role) (ironwallet_ready_actors) > 0', series), []);
  t.deepEqual(problemsOf('rate(ironwallet_nothing_total[5m])', series), ['no process has ironwallet_nothing_total']);
  t.deepEqual(problemsOf('sum by (color) (ironwallet_ready_actors)', series), ['no metric in it has the label color']);
  t.deepEqual(problemsOf('max(ironwallet_shards{kind="x"})', series), ['no metric in it has the label kind']);
  t.true(problemsOf('sum by (role (ironwallet_shards)', series).includes('does not parse'));
  t.true(problemsOf('rate(ironwallet_entries_total[5 parsecs])', series).includes('does not parse'));
});

test('what an alert says uses labels that its expression keeps', (t) => {
  const lost = rules.flatMap(({ alert, expr, annotations }) =>
    [...annotations.summary.matchAll(/\$labels\.(\w+)/g)]
      .map(([, label = '']) => label)
      .filter((label) => !expressionOf(expr).labels.includes(label))
      .map((label) => `${alert}: ${label}`),
  );
  t.deepEqual(lost, []);
});

test('every alert leads to a place of the operations page, which names all alerts and no others', (t) => {
  const page = read('docs/operations.md');
  const places = anchorsOf(page);
  t.deepEqual(
    rules.filter(({ annotations }) => !places.has(annotations.runbook.split('#')[1] ?? '')).map(({ alert }) => alert),
    [],
  );
  const named = new Set([...page.matchAll(/`(IronWallet[A-Z][A-Za-z]+)`/g)].map(([, name = '']) => name));
  t.deepEqual([...named].sort(), rules.map(({ alert }) => alert).sort());
  t.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

test('panels have ids of their own and do not overlap', (t) => {
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${String(x + (index % w))},${String(y + Math.floor(index / w))}`),
  );
  t.is(new Set(cells).size, cells.length);
});
