import test from 'ava';
import { createLogger } from './logger.ts';

function logged(line: object): string {
  const lines: string[] = [];
  const destination = {
    write(text: string): void {
      lines.push(text);
    },
  };
  createLogger({ level: 'info', roles: ['wallet'] }, destination).info(line, 'said');
  return lines.join('');
}

test('headers and bodies lose what could open a door, at any depth that lines have', (t) => {
  const text = logged({
    headers: { authorization: 'Bearer leak' },
    body: { secret_token: 'leak', data: { client_secret: 'leak' } },
    token: 'leak',
  });
  t.false(text.includes('leak'), text);
  t.true(text.includes('[redacted]'));
});

test('our own settings are logged without their secrets', (t) => {
  const text = logged({ config: { JWT_SECRET: 'leak', REDIS_URL: 'redis://:leak@host', PORT: 8080 } });
  t.false(text.includes('leak'), text);
  t.true(text.includes('8080'));
});

test('an error that carries an address is logged without its password', (t) => {
  const text = logged({ err: new Error('cannot reach mongodb://user:leak@host:27017/db') });
  t.false(text.includes('leak'), text);
  t.true(text.includes('host:27017'));
});

test('lines say which roles the process has', (t) => {
  t.true(logged({}).includes('"roles":"wallet"'));
});
