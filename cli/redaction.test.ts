import test from 'ava';
import { createRedact } from './redaction.ts';

const redact = createRedact(['a+secret&more', 'short']);

for (const [title, text] of [
  ['as it is', 'x a+secret&more y'],
  ['in a URL', 'x=a%2Bsecret%26more'],
  ['in Basic authentication', `Basic ${Buffer.from('a+secret&more:').toString('base64')}`],
  ['in base64', Buffer.from('a+secret&more').toString('base64')],
] as const) {
  test(`a secret is taken out of a text: ${title}`, (t) => {
    const shown = redact(text);
    t.true(shown.includes('[redacted]'), shown);
    t.notRegex(shown, /secret|YStz/);
  });
}

test('credentials of others are taken out by their looks: tokens, passwords of addresses, cards', (t) => {
  t.is(redact('Authorization: Bearer abcdefgh.ijkl'), 'Authorization: Bearer [redacted]');
  t.is(redact('at eyJhbGciOiJ9.eyJzdWIiOiJ9.c2lnbmF0dXJl!'), 'at [redacted]!');
  t.is(redact('redis://user:pass@host:6379/0'), 'redis://[redacted]@host:6379/0');
  t.is(redact('4111111111111111, 5555 5555 5555 4444, 4111-1111-1111-1111'), '[redacted], [redacted], [redacted]');
});

test('what people look for in a log stays: wallet and account numbers, entries, traces, a number that fails the check of cards', (t) => {
  const line = 'virtual-account:123170000000000 0108000000010016 1764000000000-0 4111111111111112 4bf92f3577b34da6a3ce929d0e0e4736 short';
  t.is(redact(line), line);
});

test('a text of a megabyte that nearly is one of these is looked at in passing', (t) => {
  for (const part of ['4111', 'eyJaaaaaaaa.', 'Bearer ', 'a+', 'aa://'])
    t.is(typeof redact(part.repeat(1_000_000 / part.length)), 'string');
});
