import test from 'ava';
import { attribute, walletNamed } from './attribution.ts';
import type { Owner } from './attribution.ts';
import { AHMED, ATTRIBUTION, lineOf, SARA } from './bank-account/testing/statement.ts';
import type { StatementLine } from './statement-line.ts';

const NOBODY: Owner = { to: 'nobody', why: 'none', candidates: [] };

function ownerOf(over: Partial<StatementLine>): Owner {
  return attribute(lineOf({ reference: 'R1', narratives: [], party: null, ...over }), ATTRIBUTION);
}

const NAMED: readonly (readonly [string, Partial<StatementLine>, string])[] = [
  ['exactly 15 digits in narrative 2', { narratives: ['SENDER', AHMED] }, AHMED],
  ['the whole IBAN in the IBAN field', { iban: 'SA8530100123170000000017' }, AHMED],
  ['the whole IBAN with spaces and small letters in a narrative', { narratives: ['to sa85 3010 0123 1700 0000 0017 thanks'] }, AHMED],
  ['the IBAN without a gap before it', { narratives: ['INVOICESA8530100123170000000017'] }, AHMED],
  ['15 digits between other marks', { narratives: ['', '', `ref:${SARA}/x`] }, SARA],
  ['the same number twice', { iban: 'SA8530100123170000000017', narratives: ['', AHMED] }, AHMED],
  ['an IBAN that is split over narratives, by the joined narrative', { narratives: ['PAY SA85301001', '23170000000017', ''] }, AHMED],
];

for (const [title, over, number] of NAMED) {
  test(`a credit is for the wallet that is named by ${title}`, (t) => {
    t.deepEqual(ownerOf(over), { to: 'wallet', number });
  });
}

const NAMELESS: readonly (readonly [string, Partial<StatementLine>])[] = [
  ['no text at all', {}],
  ['15 digits within a longer run of digits', { narratives: ['', `9${AHMED}`] }],
  ['15 digits outside of our ranges', { narratives: ['', '999990000000017'] }],
  ['14 digits', { narratives: ['', AHMED.slice(1)] }],
  ['an IBAN of another bank', { iban: 'SA8580100123170000000017' }],
  ['an IBAN with a letter in it', { iban: 'SA853010012317X000000017' }],
  ['an IBAN that goes on', { iban: 'SA85301001231700000000179' }],
  ['an IBAN that ends early', { iban: 'SA853010012317000000001' }],
  ['an internal account of the bank', { iban: 'I010000000000001' }],
];

for (const [title, over] of NAMELESS) {
  test(`a credit is for nobody when it names ${title}`, (t) => {
    t.deepEqual(ownerOf(over), NOBODY);
  });
}

test('two different numbers are nobody: never a guess', (t) => {
  t.deepEqual(ownerOf({ narratives: [SARA, AHMED] }), { to: 'nobody', why: 'several', candidates: [AHMED, SARA] });
});

test('the joined narrative is not asked when a part alone names a number', (t) => {
  t.deepEqual(ownerOf({ narratives: ['1231700', '00000025', AHMED] }), { to: 'wallet', number: AHMED });
  t.deepEqual(ownerOf({ narratives: ['1231700', '00000025'] }), { to: 'wallet', number: SARA });
});

test('a credit of a payment provider is told by its name or narrative', (t) => {
  t.deepEqual(ownerOf({ narratives: ['Moyasar settlement'] }), { to: 'provider', provider: 'moyasar' });
  t.deepEqual(ownerOf({ party: 'MOYASAR FINANCIAL' }), { to: 'provider', provider: 'moyasar' });
});

test('a credit from an IBAN of the company pays into the pool', (t) => {
  t.deepEqual(ownerOf({ iban: 'SA6530400108071059170014' }), { to: 'platform' });
});

test('a provider, or the company, that also names a wallet is nobody', (t) => {
  t.deepEqual(ownerOf({ narratives: ['MOYASAR', AHMED] }), { to: 'nobody', why: 'several', candidates: [AHMED, 'provider moyasar'] });
  t.deepEqual(ownerOf({ iban: 'SA6530400108071059170014', narratives: ['', AHMED] }), {
    to: 'nobody',
    why: 'several',
    candidates: [AHMED, 'platform'],
  });
});

test('a return code comes before every name', (t) => {
  t.deepEqual(ownerOf({ code: 'SJBB6', narratives: ['', AHMED] }), { to: 'return' });
});

test('without providers and own IBANs configured only numbers count', (t) => {
  const bare = { ...ATTRIBUTION, providers: [], platformIbans: [] };
  t.deepEqual(attribute(lineOf({ reference: 'R1', code: null, party: 'MOYASAR' }), bare), { to: 'wallet', number: AHMED });
});

test('a recall names one wallet or none', (t) => {
  t.is(walletNamed(lineOf({ reference: 'R1' }), ATTRIBUTION), AHMED);
  t.is(walletNamed(lineOf({ reference: 'R1', narratives: [AHMED, SARA] }), ATTRIBUTION), null);
  t.is(walletNamed(lineOf({ reference: 'R1', narratives: [] }), ATTRIBUTION), null);
});

test('a hostile narrative is read in one pass', (t) => {
  const before = process.cpuUsage().user;
  ownerOf({ narratives: ['SA '.repeat(100_000), '1 '.repeat(200_000), `SA${' '.repeat(300_000)}`] });
  t.true(process.cpuUsage().user - before < 2_000_000, 'hundreds of thousands of characters take far less than two seconds of work');
});
