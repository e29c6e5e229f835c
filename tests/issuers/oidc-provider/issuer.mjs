// A real issuer (npm oidc-provider) for the tests: client credentials, JWT access tokens, keys that rotate live.
//
// In: argv[2], the audience. Out: one line on stdout, its address; it ends when its input ends.
// Every client id is a client with the secret `demo`: never for use outside of tests.
//
//   POST /_profile/rfc9068 | auth0     what tokens look like: `client_id` and `typ at+jwt`, or `azp`, `gty` and `JWT`
//   POST /_rotate                      a new key signs, the old ones stay published
//   POST /_replace                     a new key signs, the old ones are gone at once
//   POST /_retire                      all keys but the signing one are gone
//   GET  /_fetches                     how often its key set was asked for
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const audience = process.argv[2];
let keys = [];
let provider;
let profile = 'rfc9068';
let fetches = 0;

const key = () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: randomUUID(), use: 'sig', alg: 'RS256' };
};

const client = (id) => ({
  client_id: id, client_secret: 'demo', grant_types: ['client_credentials'], redirect_uris: [],
  response_types: [], token_endpoint_auth_method: 'client_secret_post',
});

// The provider keeps tokens and the like in what this says; clients are made up when they are asked for.
const kept = new Map();
class Store {
  constructor(name) { this.name = name; }
  async find(id) { return this.name === 'Client' ? client(id) : kept.get(`${this.name} ${id}`); }
  async upsert(id, value) { kept.set(`${this.name} ${id}`, value); }
  async destroy(id) { kept.delete(`${this.name} ${id}`); }
  async consume() {}
  async findByUid() {}
  async findByUserCode() {}
  async revokeByGrantId() {}
}

// The provider reads its keys once, so a changed key set is a new provider behind the same address.
const start = (issuer) => {
  provider = new Provider(issuer, {
    adapter: Store,
    jwks: { keys },
    routes: { token: '/oauth/token', jwks: '/.well-known/jwks.json' },
    extraTokenClaims: (_, token) =>
      (profile === 'auth0' ? { azp: token.clientId, gty: 'client-credentials' } : {}),
    formats: {
      customizers: {
        jwt: (_, token, jwt) => {
          if (profile === 'auth0') {
            jwt.header = { typ: 'JWT' };
            jwt.payload.sub = `${token.clientId}@clients`;
            delete jwt.payload.client_id;
          }
          return jwt;
        },
      },
    },
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256', kid: keys[0].kid } },
        }),
        defaultResource: () => audience,
      },
    },
  });
};

const commands = {
  '/_rotate': () => { keys = [key(), ...keys]; },
  '/_replace': () => { keys = [key()]; },
  '/_retire': () => { keys = [keys[0]]; },
  '/_profile/auth0': () => { profile = 'auth0'; },
  '/_profile/rfc9068': () => { profile = 'rfc9068'; },
};

const server = createServer((request, response) => {
  if (request.url === '/_fetches') return response.end(String(fetches));
  const command = request.method === 'POST' && commands[request.url];
  if (command) {
    command();
    start(server.issuer);
    return response.end(keys[0].kid);
  }
  if (request.url === '/.well-known/jwks.json') fetches += 1;
  return provider.callback()(request, response);
});

server.listen(0, '127.0.0.1', () => {
  server.issuer = `http://127.0.0.1:${server.address().port}`;
  keys = [key()];
  start(server.issuer);
  console.log(server.issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
