import test from 'ava';
import { misfit } from './installation.ts';

const layout = { roles: { omnibus: { letter: 'o', shards: 64 }, wallet: { letter: 'w', shards: 64 } } };
const shards = '{"omnibus":{"letter":"o","shards":64},"wallet":{"letter":"w","shards":64}}';

test('servers that belong together, with the shard counts they began with, may be looked at', (t) => {
  t.is(misfit({ redis: { uuid: 'a', shards }, mongo: 'a' }, layout), undefined);
});

test('while MongoDB is away, Redis may be looked at', (t) => {
  t.is(misfit({ redis: { uuid: 'a', shards }, mongo: null }, layout), undefined);
});

test('an empty Redis is not taken for a position of zero', (t) => {
  t.regex(misfit({ redis: { uuid: null, shards: null }, mongo: 'a' }, layout) ?? '', /holds no installation.*REDIS_URL/);
});

test('a Redis and a MongoDB of different installations are refused', (t) => {
  t.regex(misfit({ redis: { uuid: 'a', shards }, mongo: 'b' }, layout) ?? '', /different installations \(a, b\)/);
});

test('other shard counts, which would hide actors, are refused with the right settings', (t) => {
  const began = '{"omnibus":{"letter":"o","shards":64},"wallet":{"letter":"w","shards":16}}';
  t.is(
    misfit({ redis: { uuid: 'a', shards: began }, mongo: 'a' }, layout),
    'This installation began with other shard counts: set SHARDS_OMNIBUS=64 SHARDS_WALLET=16',
  );
});
