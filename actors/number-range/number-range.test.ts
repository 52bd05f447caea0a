import test from 'ava';
import { scenario } from '../testing/scenario.ts';
import { numberRange } from './decide.ts';

const take = (size: number) => ({ type: 'TakeBlock' as const, body: { size } });
const range = () => scenario(numberRange, 'number-range:001170000000000-001170000002499');

test('blocks are handed out one after the other, with leading zeros', (t) => {
  range()
    .when(take(1000))
    .then(t, { answer: { from: '001170000000000', to: '001170000000999' } })
    .when(take(1))
    .then(t, { answer: { from: '001170000001000', to: '001170000001000' }, state: { next: 1170000001001 } });
});

test('the last block is what is left, and then the range is exhausted', (t) => {
  range()
    .given(take(1000), take(1000))
    .when(take(1000))
    .then(t, { answer: { from: '001170000002000', to: '001170000002499' } })
    .when(take(1))
    .then(t, { code: 'number_range_exhausted' });
});

test('an id that is no range hands out nothing', (t) => {
  scenario(numberRange, 'number-range:all').when(take(1)).then(t, { code: 'number_range_exhausted' });
});
