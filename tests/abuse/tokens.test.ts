import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import anyTest from 'ava';
import type { TestFn } from 'ava';
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { DEVELOPMENT_SECRET } from '../../cli/development-secret.ts';
import { startSystem } from '../support/system.ts';
import type { TestSystem } from '../support/system.ts';
import { beside } from './support.ts';

const test = anyTest as TestFn<{ system: TestSystem }>;

test.before(async (t) => {
  t.context.system = await startSystem();
});

test.after.always((t) => t.context.system.stop());

const KEY = new TextEncoder().encode(DEVELOPMENT_SECRET);
const CLAIMS = { scope: 'ops' };
const ISSUER = 'https://identity.example';
const AUDIENCE = 'ironwallet';

function good(): SignJWT {
  return new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256' }).setSubject('alice').setExpirationTime('1h');
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of any header and claims with a right HS256 signature: what who knows the key could make. */
function signed(header: unknown, claims: unknown, key: string | Uint8Array = DEVELOPMENT_SECRET): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

async function answers(url: string, authorization: string): Promise<string[]> {
  const paths = ['/v1/wallets', '/ops/v1/actors/parked'];
  const all = await Promise.all(paths.map((path) => fetch(`${url}${path}`, { headers: authorization === '' ? {} : { authorization } })));
  return Promise.all(
    all.map(async (one) =>
      one.status === 200 ? '200' : `${String(one.status)} ${String(((await one.json()) as { code?: string }).code)}`,
    ),
  );
}

test('a forged, changed, old or future token opens nothing', async (t) => {
  const { url } = t.context.system;
  const soon = Math.floor(Date.now() / 1000) + 3600;
  const claims = { sub: 'alice', exp: soon, ...CLAIMS };
  const right = await good().sign(KEY);
  const [head = '', body = '', signature = ''] = right.split('.');
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = await exportJWK(publicKey);
  t.deepEqual(await answers(url, `Bearer ${right}`), ['200', '200'], 'the control: a right one opens both');
  const forged: Record<string, string> = {
    'alg none': new UnsecuredJWT(CLAIMS).setSubject('alice').setExpirationTime('1h').encode(),
    'alg None': `${encoded({ alg: 'None' })}.${encoded(claims)}.`,
    'alg none with the signature of another': `${encoded({ alg: 'none' })}.${body}.${signature}`,
    'no alg': signed({ typ: 'JWT' }, claims),
    'alg HS512, signed as HS256': signed({ alg: 'HS512' }, claims),
    'another key': await good().sign(new TextEncoder().encode('another-secret-of-more-than-32-characters')),
    'an empty key': signed({ alg: 'HS256' }, claims, ''),
    'a key of its own in jwk': await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', jwk }).sign(privateKey),
    'a key of its own at jku': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', jku: 'http://127.0.0.1:9/keys' })
      .sign(privateKey),
    'a kid that is a path': signed({ alg: 'HS256', kid: '../../../../dev/null' }, claims, ''),
    'a critical header that nobody knows': signed({ alg: 'HS256', crit: ['mine'], mine: true }, claims),
    'other claims under the signature': `${head}.${encoded({ ...claims, sub: 'bob' })}.${signature}`,
    'a signature cut off': `${head}.${body}.`,
    'a signature cut short': right.slice(0, -4),
    'no expiry': signed({ alg: 'HS256' }, { sub: 'alice', ...CLAIMS }),
    'an expiry that is a text': signed({ alg: 'HS256' }, { ...claims, exp: String(soon) }),
    'valid only later': await good().setNotBefore('30m').sign(KEY),
    'no subject': signed({ alg: 'HS256' }, { exp: soon, ...CLAIMS }),
    'an empty subject': signed({ alg: 'HS256' }, { ...claims, sub: '' }),
    'a subject that is a number': signed({ alg: 'HS256' }, { ...claims, sub: 7 }),
    'a subject that is a list': signed({ alg: 'HS256' }, { ...claims, sub: ['alice'] }),
    'a subject that is an operator': signed({ alg: 'HS256' }, { ...claims, sub: { $ne: null } }),
    'a subject of 201 characters': signed({ alg: 'HS256' }, { ...claims, sub: 'a'.repeat(201) }),
    'a subject that ends in half a character': signed({ alg: 'HS256' }, { ...claims, sub: 'alice\ud800' }),
    'claims that are a list': signed({ alg: 'HS256' }, [claims]),
    'claims that are null': signed({ alg: 'HS256' }, null),
    'a prototype for claims': `${encoded({ alg: 'HS256' })}.${Buffer.from('{"__proto__":{"sub":"alice"}}').toString('base64url')}.${signature}`,
    'five parts': `${right}.${body}.${signature}`,
    'nothing but dots': '..',
  };
  for (const [title, token] of Object.entries(forged))
    t.deepEqual(await answers(url, `Bearer ${token}`), ['401 token_invalid', '401 token_invalid'], title);
  const old = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256' }).setSubject('alice').setExpirationTime('-1s').sign(KEY);
  t.deepEqual(await answers(url, `Bearer ${old}`), ['401 token_expired', '401 token_expired']);
});

test('a token counts only as the bearer of one Authorization header', async (t) => {
  const { url } = t.context.system;
  const token = await good().sign(KEY);
  const missing = ['401 token_missing', '401 token_missing'];
  for (const header of [
    '',
    token,
    `Basic ${token}`,
    `Bearer`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Token ${token}`,
  ])
    t.deepEqual(await answers(url, header), missing, header);
  for (const elsewhere of [`?token=${token}`, `?access_token=${token}`, `?authorization=Bearer%20${token}`]) {
    t.is((await fetch(`${url}/v1/wallets${elsewhere}`)).status, 401);
  }
  t.is(
    (await fetch(`${url}/v1/wallets`, { headers: { cookie: `token=${token}`, 'x-forwarded-user': 'alice', 'x-access-token': token } }))
      .status,
    401,
  );
});

test('where an issuer and an audience are set, tokens of others do not count', async (t) => {
  const service = await beside(t.context.system, { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE });
  t.teardown(() => service.stop());
  const asks = async (token: SignJWT): Promise<string> => (await answers(service.url, `Bearer ${await token.sign(KEY)}`))[0] ?? '';
  t.is(await asks(good().setIssuer(ISSUER).setAudience(AUDIENCE)), '200');
  t.is(await asks(good().setIssuer(ISSUER).setAudience(['other', AUDIENCE])), '200');
  for (const token of [
    good(),
    good().setIssuer(ISSUER),
    good().setAudience(AUDIENCE),
    good().setIssuer(ISSUER).setAudience('other'),
    good().setIssuer(`${ISSUER}/`).setAudience(AUDIENCE),
    good().setIssuer('https://identity.example.evil').setAudience(AUDIENCE),
    good().setIssuer(ISSUER).setAudience(`${AUDIENCE},other`),
  ])
    t.is(await asks(token), '401 token_invalid');
});

test('with public keys, a token signed with the public key as if it were a secret is none', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const keys = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const address = keys.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const service = await beside(t.context.system, { JWT_SECRET: '', JWKS_URL: `http://127.0.0.1:${String(port)}/` });
  t.teardown(async () => {
    await service.stop();
    keys.closeAllConnections();
    keys.close();
  });
  const claims = { sub: 'alice', exp: Math.floor(Date.now() / 1000) + 3600 };
  const asks = async (token: string): Promise<string> => (await answers(service.url, `Bearer ${token}`))[0] ?? '';
  t.is(await asks(await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey)), '200');
  const pem = await exportSPKI(publicKey);
  for (const key of [pem, pem.trim(), JSON.stringify(jwk), String(jwk.n), DEVELOPMENT_SECRET])
    t.is(await asks(signed({ alg: 'HS256', kid: 'one' }, claims, key)), '401 token_invalid');
  const other = await generateKeyPair('RS256');
  t.is(await asks(await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(other.privateKey)), '401 token_invalid');
  t.is(await asks(await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'two' }).sign(other.privateKey)), '401 token_invalid');
});
