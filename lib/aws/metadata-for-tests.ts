import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface MetadataAnswers {
  /** Instance metadata answers with this role; null: it takes connections and never answers. */
  readonly instance?: { readonly role: string; readonly accessKeyId: string; readonly region?: string } | null
  readonly container?: { readonly accessKeyId: string } | null
  /** STS takes this token of an identity provider, and no other. */
  readonly webIdentity?: { readonly token: string; readonly roleArn: string; readonly accessKeyId: string }
}

/** What instance and container metadata look like from inside, and STS to a web identity, on loopback. */
export async function openMetadata({ instance, container, webIdentity }: MetadataAnswers) {
  const asked: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const url = request.url ?? ''
    asked.push(`${request.method} ${url}`)
    if (request.method === 'POST') {
      void text(request).then((body) => {
        const form = new URLSearchParams(body)
        const known =
          form.get('WebIdentityToken') === webIdentity?.token && form.get('RoleArn') === webIdentity?.roleArn
        response.writeHead(known ? 200 : 400, { 'content-type': 'text/xml' })
        response.end(known && webIdentity ? session(webIdentity.accessKeyId) : refusal)
      })
      return
    }
    const isContainer = url.startsWith('/container')
    if ((isContainer ? container : instance) === null) return
    const credentials = (accessKeyId: string) =>
      JSON.stringify({
        Code: 'Success',
        AccessKeyId: accessKeyId,
        SecretAccessKey: `secret of ${accessKeyId}`,
        Token: `token of ${accessKeyId}`,
        Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
      })
    const path = '/latest/meta-data/iam/security-credentials/'
    if (isContainer && container) response.end(credentials(container.accessKeyId))
    else if (!instance) response.writeHead(404).end()
    else if (url === '/latest/api/token') response.end('the token of version 2')
    else if (request.headers['x-aws-ec2-metadata-token'] !== 'the token of version 2') response.writeHead(401).end()
    else if (url === '/latest/meta-data/placement/region' && instance.region) response.end(instance.region)
    else if (url === path) response.end(`${instance.role}\n`)
    else if (url === `${path}${instance.role}`) response.end(credentials(instance.accessKeyId))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    /** Requests so far, as `METHOD /path`. */
    asked,
    /** Sets this to make the SDK ask here for instance metadata. */
    instanceVariables: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
    containerVariables: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container` },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const session = (
  accessKeyId: string,
) => `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>secret of ${accessKeyId}</SecretAccessKey>
    <SessionToken>token of ${accessKeyId}</SessionToken>
    <Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`
const refusal = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
  <Code>InvalidIdentityToken</Code><Message>Token is expired</Message></Error><RequestId>request-1</RequestId></ErrorResponse>`
