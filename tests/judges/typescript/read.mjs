// The official TypeScript SDK against a sandbox: it authenticates, pages, filters, reads and writes, unchanged.
// Settings come from the CTP_* variables; prints what it read, ends with status 1 at the first difference.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createApiBuilderFromCtpClient } from '@commercetools/platform-sdk'
import { ClientBuilder, Process } from '@commercetools/ts-client'

const { CTP_PROJECT_KEY: projectKey, CTP_CLIENT_ID: clientId, CTP_CLIENT_SECRET: clientSecret } = process.env
const { CTP_API_URL: api, CTP_AUTH_URL: auth } = process.env
const report = (what, seen) => console.log(`${what}: ${seen}`)

const build = (credentials) =>
  new ClientBuilder()
    .withProjectKey(projectKey)
    .withClientCredentialsFlow({ host: auth, projectKey, credentials, httpClient: fetch })
    .withHttpMiddleware({ host: api, httpClient: fetch, enableRetry: true, retryConfig: { retryCodes: [503] } })
    .withConcurrentModificationMiddleware()
    .withCorrelationIdMiddleware({ generate: () => crypto.randomUUID() })
    .withUserAgentMiddleware({ libraryName: 'sandbox-judge' })
    .build()
const client = build({ clientId, clientSecret })
const root = createApiBuilderFromCtpClient(client).withProjectKey({ projectKey })

const project = (await root.get().execute()).body
assert.equal(project.key, projectKey)
report('project', `${project.name}, ${project.currencies.length} currencies`)

const first = (await root.orders().get({ queryArgs: { limit: 500, withTotal: true } }).execute()).body
assert.equal(first.count, first.results.length)
report('orders', `${first.count} of ${first.total}`)

// Every collection, page after page, as the SDK's own helper walks them.
const lists = { orders: 'orders', products: 'products', customers: 'customers', carts: 'carts', payments: 'payments',
  inventory: 'inventory', categories: 'categories', messages: 'messages', stores: 'stores', types: 'types',
  reviews: 'reviews', 'product-types': 'productTypes', 'discount-codes': 'discountCodes', zones: 'zones',
  'product-projections': 'productProjections', 'standalone-prices': 'standalonePrices', channels: 'channels',
  'shopping-lists': 'shoppingLists', 'business-units': 'businessUnits', quotes: 'quotes', states: 'states' }
for (const [path, method] of Object.entries(lists)) {
  const { total } = (await root[method]().get({ queryArgs: { limit: 0 } }).execute()).body
  const request = { uri: `/${projectKey}/${path}?limit=40`, method: 'GET' }
  let seen = 0
  await Process(request, async (page) => { seen += page.body.count; return page.body.results }, { accumulate: false })
  assert.equal(seen, total, path)
  report(path, `${seen} in pages`)
}

// Filters, variables, sort, expansion, one by id and by key, existence.
const order = first.results[0]
const since = (await root.orders().get({ queryArgs: {
  where: ['lastModifiedAt >= :since', 'id in (:a, :b)'], 'var.since': order.lastModifiedAt, 'var.a': order.id, 'var.b': 'x',
  sort: ['lastModifiedAt asc', 'id asc'], withTotal: false } }).execute()).body
assert.deepEqual(since.results.map(({ id }) => id), [order.id])
assert.equal(since.total, undefined)
assert.deepEqual((await root.orders().withId({ ID: order.id }).get().execute()).body, order)
const withGroup = (await root.customers().get({ queryArgs: { where: 'customerGroup is defined', expand: 'customerGroup' } })
  .execute()).body.results[0]
assert.equal(withGroup.customerGroup.obj.id, withGroup.customerGroup.id)
const key = (await root.zones().get({ queryArgs: { where: 'key is defined' } }).execute()).body.results[0].key
assert.equal((await root.zones().withKey({ key }).get().execute()).body.key, key)
assert.equal((await root.zones().withKey({ key }).head().execute()).statusCode, 200)
report('filters', 'as expected')

// A write, a conflict that the SDK's middleware repeats with the current version, and a Message.
const zone = (await root.zones().post({ body: { key: 'judge', name: 'Judge', locations: [] } }).execute()).body
const rename = (version, name) => root.zones().withId({ ID: zone.id })
  .post({ body: { version, actions: [{ action: 'changeName', name }] } }).execute()
assert.equal((await rename(zone.version, 'Once')).body.version, 2)
assert.equal((await rename(zone.version, 'Twice')).body.version, 3)
await root.zones().withId({ ID: zone.id }).delete({ queryArgs: { version: 3 } }).execute()
await assert.rejects(root.zones().withId({ ID: zone.id }).get().execute(), { statusCode: 404, code: 'ResourceNotFound' })
report('writes', 'made, repeated after a conflict, deleted')

const swept = (await root.graphql().post({ body: {
  query: 'query ($n: Int) { orders(limit: $n, sort: ["id asc"]) { total results { id version } } }', variables: { n: 3 } } })
  .execute()).body
assert.equal(swept.data.orders.results.length, 3)
assert.equal(swept.data.orders.total, first.total)
report('graphql', `${swept.data.orders.total} orders`)

// A shop is made as an importer makes it, and compared with what is read back.
// Key and label stand for an enum's key, an id for the key of a reference.
const same = (sent, stored, where) => {
  if (typeof sent === 'string' && stored?.label !== undefined) assert.equal(stored.key, sent, where)
  else if (sent?.typeId !== undefined) {
    assert.equal(stored.typeId, sent.typeId, where)
    assert.ok(stored.id ?? stored.key === sent.key, where)
  } else if (Array.isArray(sent)) {
    assert.equal(stored.length, sent.length, where)
    sent.forEach((item, number) => same(item, stored[number], `${where}[${number}]`))
  } else if (sent !== null && typeof sent === 'object') {
    for (const [name, value] of Object.entries(sent)) same(value, stored?.[name], `${where}.${name}`)
  } else assert.deepEqual(stored, sent, where)
}
const rows = JSON.parse(await readFile(process.env.SHOP, 'utf8'))
for (const { list, draft, at = [], top = [], import: isImport } of rows) {
  const lists = root[list]()
  const { body } = await (isImport ? lists.importOrder() : lists).post({ body: draft }).execute()
  const made = body.customer ?? body
  const stored = (await lists.withId({ ID: made.id }).get().execute()).body
  assert.deepEqual(stored, made)
  const inside = at.reduce((value, name) => value[name], stored)
  for (const [field, value] of Object.entries(draft)) {
    if (field !== 'publish') same(value, (top.includes(field) ? stored : inside)[field], `${list} ${field}`)
  }
}
report('creates', `${rows.length} records as sent`)

await assert.rejects(createApiBuilderFromCtpClient(build({ clientId, clientSecret: 'wrong' }))
  .withProjectKey({ projectKey }).get().execute(), /client credentials/)
await assert.rejects(root.orders().get({ queryArgs: { where: 'nope = 1' } }).execute(), { statusCode: 400 })
report('errors', 'as expected')
