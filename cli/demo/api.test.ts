import test from 'ava';
import { ApiError, at, stubborn } from './api.ts';

test('a field is found along its path, as text; what is not there is empty', (t) => {
  const body = { items: [{ id: 'a', n: 3, ok: true }] };
  t.deepEqual([at(body, 'items', 0, 'id'), at(body, 'items', 0, 'n'), at(body, 'items', 0, 'ok')], ['a', '3', 'true']);
  t.deepEqual([at(body, 'items', 1, 'id'), at(body, 'items'), at(undefined, 'x')], ['', '', '']);
});

test('a request is repeated while the service cannot take it', async (t) => {
  const answers = [0, 429, 503];
  const reply = await stubborn(() => {
    const status = answers.shift();
    return status === undefined ? Promise.resolve('done') : Promise.reject(new ApiError(status, 'later'));
  }, 0);
  t.is(reply, 'done');
});

test('a refusal is not repeated', async (t) => {
  let calls = 0;
  const refused = stubborn(() => {
    calls += 1;
    return Promise.reject(new ApiError(409, 'no'));
  }, 0);
  await t.throwsAsync(refused, { message: 'no' });
  t.is(calls, 1);
});
