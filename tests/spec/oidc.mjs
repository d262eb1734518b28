// An OpenID Connect provider for tests. Who signs in writes the name of an account; any password will do.
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const { PORT, CLIENT_ID, CLIENT_SECRET, CALLBACK, AUTH_METHOD, ACCOUNTS, KEY_ID, SECONDS_BEHIND } = process.env
const accounts = JSON.parse(ACCOUNTS)
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

const now = Date.now
Date.now = () => now() - Number(SECONDS_BEHIND) * 1_000

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [
    {
      client_id: CLIENT_ID,
      ...(AUTH_METHOD !== 'none' && { client_secret: CLIENT_SECRET }),
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: AUTH_METHOD,
      id_token_signed_response_alg: 'ES256',
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  clientAuthMethods: [AUTH_METHOD],
  cookies: { keys: ['secret of the tests'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  jwks: { keys: [{ ...key, kid: KEY_ID, use: 'sig', alg: 'ES256' }] },
  ttl: {
    IdToken: 600,
    ...Object.fromEntries(['AccessToken', 'AuthorizationCode', 'Grant', 'Interaction', 'Session'].map((name) => [name, 86_400])),
  },
  findAccount: (_, sub) => sub in accounts && { accountId: sub, claims: () => ({ sub, ...accounts[sub] }) },
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope('openid email profile groups')
    await grant.save()
    return grant
  },
})
provider.use(async (ctx, next) => {
  await next()
  if (ctx.oidc?.route === 'userinfo') Object.assign(ctx.body, accounts[ctx.body.sub]?.userinfo)
})
provider.listen(Number(PORT), '127.0.0.1')
