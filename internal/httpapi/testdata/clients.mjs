// Sends one todo and completes it, in each way that Node has, and prints what each was answered: {"way": [status, ...]}.
// Usage: node clients.mjs <http url> <https url> <token>
import http from 'node:http'
import http2 from 'node:http2'
import { Readable } from 'node:stream'
import axios from 'axios'

const [plain, secure, token] = process.argv.slice(2)
const authorization = `Bearer ${token}`
const json = { authorization, 'content-type': 'application/json' }
const text = JSON.stringify({ title: 'Buy milk' })

function byHttp(method, path, headers, write) {
  return new Promise((resolve, reject) => {
    const request = http.request(plain + path, { method, headers }, async (response) => {
      let body = ''
      for await (const part of response) body += part
      resolve([response.statusCode, body])
    })
    request.on('error', reject)
    write(request)
  })
}

async function byFetch(method, path, init) {
  const response = await fetch(plain + path, { method, headers: { authorization }, ...init })
  return [response.status, await response.text()]
}

function byHttp2(method, path, headers, write) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(secure, { rejectUnauthorized: false })
    session.on('error', reject)
    const request = session.request({ ':method': method, ':path': path, ...headers }, { endStream: false })
    let status, body = ''
    request.on('response', (head) => { status = head[':status'] })
    request.setEncoding('utf8')
    request.on('data', (part) => { body += part })
    request.on('end', () => { session.close(); resolve([status, body]) })
    request.on('error', reject)
    write(request)
  })
}

async function byAxios(method, url, data, headers, config) {
  const response = await axios({
    method, url: plain + url, data, headers: { authorization, ...headers }, validateStatus: null, responseType: 'text', ...config,
  })
  return [response.status, response.data]
}

async function* pieces() {
  yield new TextEncoder().encode(text.slice(0, 5))
  yield new TextEncoder().encode(text.slice(5))
}

const sized = { ...json, 'content-length': Buffer.byteLength(text) }
const ways = {
  'http, sized': [(p) => byHttp('POST', p, sized, (r) => r.end(text)), (p) => byHttp('PATCH', p, { authorization }, (r) => r.end())],
  'http, in chunks': [
    (p) => byHttp('POST', p, json, (r) => { r.write(text.slice(0, 5)); r.end(text.slice(5)) }),
    (p) => byHttp('PATCH', p, { ...json, 'transfer-encoding': 'chunked' }, (r) => r.end()),
  ],
  'http, asking first': [
    (p) => byHttp('POST', p, { ...sized, expect: '100-continue' }, (r) => r.on('continue', () => r.end(text))),
    (p) => byHttp('PATCH', p, { authorization, 'content-length': 0 }, (r) => r.end()),
  ],
  fetch: [(p) => byFetch('POST', p, { headers: json, body: text }), (p) => byFetch('PATCH', p, {})],
  'fetch, of a stream': [
    (p) => byFetch('POST', p, { headers: json, body: ReadableStream.from(pieces()), duplex: 'half' }),
    (p) => byFetch('PATCH', p, { body: ReadableStream.from([]), duplex: 'half' }),
  ],
  'fetch, of nothing': [(p) => byFetch('POST', p, { headers: json, body: new Blob([text]) }), (p) => byFetch('PATCH', p, { body: '' })],
  axios: [(p) => byAxios('POST', p, { title: 'Buy milk' }), (p) => byAxios('PATCH', p)],
  'axios, JSON by default': [(p) => byAxios('POST', p, text, json), (p) => byAxios('PATCH', p, undefined, json)],
  // Whoever gives headers has to give data before them; with this type, axios makes JSON of it.
  'axios, null': [(p) => byAxios('POST', p, { title: 'Buy milk' }, json), (p) => byAxios('PATCH', p, null, json)],
  'axios, empty': [(p) => byAxios('POST', p, { title: 'Buy milk' }, json), (p) => byAxios('PATCH', p, '', json)],
  'axios, null without a type': [(p) => byAxios('POST', p, { title: 'Buy milk' }), (p) => byAxios('PATCH', p, null)],
  'axios, of a stream': [
    (p) => byAxios('POST', p, Readable.from([text.slice(0, 5), text.slice(5)]), json),
    (p) => byAxios('PATCH', p, Readable.from([]), json),
  ],
  'axios, by fetch': [
    (p) => byAxios('POST', p, { title: 'Buy milk' }, {}, { adapter: 'fetch' }),
    (p) => byAxios('PATCH', p, undefined, json, { adapter: 'fetch' }),
  ],
  'axios, by fetch, null': [
    (p) => byAxios('POST', p, { title: 'Buy milk' }, json, { adapter: 'fetch' }),
    (p) => byAxios('PATCH', p, null, json, { adapter: 'fetch' }),
  ],
  http2: [(p) => byHttp2('POST', p, json, (r) => r.end(text)), (p) => byHttp2('PATCH', p, { authorization }, (r) => r.end())],
  'http2, sized': [
    (p) => byHttp2('POST', p, sized, (r) => r.end(text)),
    (p) => byHttp2('PATCH', p, { ...json, 'content-length': 0 }, (r) => r.end()),
  ],
}

const answers = {}
for (const [name, [create, complete]] of Object.entries(ways)) {
  const [made, todo] = await create('/api/todos')
  const [changed, done] = await complete(`/api/todos/${JSON.parse(todo).id}/complete`)
  answers[name] = [made, changed, JSON.parse(done).completed]
}
console.log(JSON.stringify(answers))
