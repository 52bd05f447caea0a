import test from 'ava';
import { target, urls } from './mocks.ts';

test('addresses are separated by commas; blanks around and between them do not count', (t) => {
  t.deepEqual(urls(' http://a/x , ,http://b/y'), ['http://a/x', 'http://b/y']);
  t.deepEqual(urls(''), []);
  t.deepEqual(urls(undefined), []);
});

test('the address for settlements is told of payouts only, the other of payments only', (t) => {
  const settlements = target('http://omnibus/webhooks/moyasar/settlements', 'secret');
  const payments = target('http://payments/webhooks/moyasar', 'secret');
  t.deepEqual(settlements.events, ['balance_transferred']);
  t.true(payments.events?.includes('payment_paid'));
  t.true(payments.events?.every((name) => name.startsWith('payment_')));
  t.is(payments.secret, 'secret');
});
