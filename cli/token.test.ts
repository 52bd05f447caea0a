import test from 'ava';
import { jwtVerify } from 'jose';
import { DEVELOPMENT_SECRET } from './development-secret.ts';
import { makeToken, tokenRefusal } from './token.ts';

test('a token names its owner and scope and is signed with the development secret', async (t) => {
  const token = await makeToken({ owner: 'alice', scope: 'ops', ttlSeconds: 60 });
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(DEVELOPMENT_SECRET));
  t.is(protectedHeader.alg, 'HS256');
  t.is(payload.sub, 'alice');
  t.is(payload['scope'], 'ops');
  t.is((payload.exp ?? 0) - (payload.iat ?? 0), 60);
});

test('a token without a scope carries none', async (t) => {
  const { payload } = await jwtVerify(await makeToken({ owner: 'bob' }), new TextEncoder().encode(DEVELOPMENT_SECRET));
  t.false('scope' in payload);
});

test('no token is made in production or beside another secret', (t) => {
  t.regex(tokenRefusal({ NODE_ENV: 'production' }) ?? '', /production/);
  t.regex(tokenRefusal({ JWT_SECRET: 'x'.repeat(40) }) ?? '', /JWT_SECRET/);
  t.is(tokenRefusal({}), undefined);
  t.is(tokenRefusal({ JWT_SECRET: DEVELOPMENT_SECRET }), undefined);
});
