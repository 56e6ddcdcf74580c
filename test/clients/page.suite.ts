import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import t from 'tap'
import { startScene } from '../plugin/page/scene.ts'

// biome-ignore lint/suspicious/noExplicitAny: what runs in the browser is not typed here
type Dom = any
declare const document: Dom
declare const getComputedStyle: (element: Dom) => Dom

/** Where Debian's package has it. */
const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Milliseconds that anything may take to be seen. */
const PATIENCE_MS = 60_000

if (existsSync(CHROMIUM)) await run()
else t.comment(`skipped: no ${CHROMIUM} here`)

async function run(): Promise<void> {
  t.setTimeout(1_200_000)
  const scene = await startScene()
  const profile = mkdtempSync(join(tmpdir(), 'muster-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: FLAGS,
    viewport: { width: 1280, height: 900 },
  })
  context.setDefaultTimeout(PATIENCE_MS)
  t.teardown(async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    await scene.stop()
  })
  const { page, seen } = await openPage(context, scene.url)

  t.test('it loads, and says that it is live', async (t) => {
    await page.locator('#stream[data-state="live"]').waitFor()
    await page.locator('#server', { hasText: /\d+\.\d+\.\d+/ }).waitFor()
    t.match(await page.title(), /^Muster · /)
    await page.locator('#watches .state', { hasText: 'fresh' }).nth(2).waitFor()
    t.equal(await page.locator('#watches .state').count(), 3)
  })

  t.test('its numbers move when something is asked', async (t) => {
    t.equal(await page.locator('#rate').textContent(), '0')
    let moved = false
    const rate = changed(page, '#rate', '0').finally(() => {
      moved = true
    })
    await scene.ask('web.shpo.svc.cluster.local.', 5)
    // A browser that is held up for a second may miss the figures of one.
    for (; !moved; await sleep(100)) await scene.ask('web.shop.svc.cluster.local.', 20)
    t.ok(Number(await rate) > 0)
    const failing = page.locator('section', { hasText: 'Top failing names' }).locator('li')
    // Some may be in the figures of one second, and the others in those of the next.
    const all = /web\.shpo\.svc\.cluster\.local\. A NXDOMAIN.*5$/
    await failing.filter({ hasText: all }).first().waitFor()
    t.match(await failing.first().textContent(), all)
    t.match(await page.locator('#rates path').first().getAttribute('d'), /^M/)
  })

  t.test('the keyboard alone gets to the box and to its answer', async (t) => {
    await page.locator('body').click({ position: { x: 1, y: 1 } })
    await page.keyboard.press('Tab')
    t.equal(await focused(page), 'Explain a name', 'the first stop is a way past everything')
    t.ok(await page.locator('.skip').first().isVisible())
    await page.keyboard.press('Enter')
    t.equal(await focused(page), '#explain-name')
    await page.keyboard.type('web.shpo.svc.cluster.local')
    await page.keyboard.press('Tab')
    t.equal(await focused(page), '#explain-type')
    await page.keyboard.press('Tab')
    t.equal(await focused(page), 'Explain')
    await page.keyboard.press('Enter')
    const told = page.locator('#explained')
    await told.locator('.problem').waitFor()
    t.match(await told.textContent(), /NXDOMAIN/)
    t.match(await told.textContent(), /There is no Namespace shpo\./)
    t.match(await told.textContent(), /Ask for web\.shop\.svc\.cluster\.local/)
    await page.keyboard.press('Tab')
    t.equal(await focused(page), '#roll-service', 'what comes next is the next thing on the page')
  })

  t.test('a name that fails is explained when it is pressed', async (t) => {
    await page.locator('#explain-name').fill('')
    // The tables are of the last minute or two.
    await scene.ask('web.shpo.svc.cluster.local.')
    await page.locator('#tops button', { hasText: 'shpo' }).last().click()
    await page.locator('#explained .problem').waitFor()
    t.equal(await page.locator('#explain-name').inputValue(), 'web.shpo.svc.cluster.local.')
  })

  t.test('the roll of a Service changes when a Pod stops being ready', async (t) => {
    await page.locator('#roll-service').fill('shop/web')
    await page.keyboard.press('Enter')
    const summary = page.locator('#roll-summary')
    await summary.getByText('Headless: 2 of 2 ready.').waitFor()
    t.match(page.url(), /\?service=shop%2Fweb$/, 'the address can be handed on')
    const said = page.locator('.said pre')
    t.match(await said.textContent(), 'A 10.42.0.3 for 5 s\nA 10.42.0.4 for 5 s')
    scene.setReady('shop/web-0', false)
    await summary.getByText('Headless: 1 of 2 ready.').waitFor()
    t.match(await page.locator('#roll tbody tr').first().textContent(), /web-0.*not ready.*no/)
    t.notMatch(await said.textContent(), '10.42.0.3')
    scene.setReady('shop/web-0', true)
    await summary.getByText('Headless: 2 of 2 ready.').waitFor()
  })

  t.test('text is readable in both colour schemes', async (t) => {
    const grounds = new Set<string>()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.waitForFunction(() => document.getAnimations().length === 0)
      const found = await page.evaluate(contrasts)
      t.ok(found.length > 30)
      for (const { text, ratio } of found) {
        // WCAG 2.2, 1.4.3: text of usual size.
        if (ratio < 4.5) t.fail(`${colorScheme}: ${text} has a contrast of ${ratio.toFixed(2)}`)
      }
      grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    }
    t.equal(grounds.size, 2)
  })

  t.test('nothing moves where that is wished', async (t) => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    scene.setReady('shop/web-1', false)
    const name = await page.waitForFunction(() => {
      const cell = document.querySelector('#roll tr.changed td')
      return cell !== null && getComputedStyle(cell).animationName
    })
    t.equal(await name.jsonValue(), 'none')
    scene.setReady('shop/web-1', true)
  })

  t.test('a phone needs no scrolling to the side, and every control is large enough', async (t) => {
    await page.setViewportSize({ width: 390, height: 844 })
    await scene.ask('www.example.com.')
    await page.locator('#upstreams .bad', { hasText: 'down' }).waitFor()
    t.match(await page.locator('#alarm').textContent(), /^Upstream 127\.0\.0\.1:\d+ is down\.$/)
    await page.locator('#explain-name').fill('www.example.com.default.svc.cluster.local')
    await page.keyboard.press('Enter')
    await page.locator('#explained .question', { hasText: 'www.example.com' }).waitFor()
    const [wide, has] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ])
    t.equal(wide, has)
    for (const control of await page.locator('input, select, button[type=submit]').all()) {
      // WCAG 2.2, 2.5.8.
      t.ok(((await control.boundingBox())?.height ?? 0) >= 24)
    }
  })

  t.test('every control has a name', async (t) => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('input, select, button, a')]
        .filter((one) => {
          const { labels } = one
          return (labels?.length ?? 0) === 0 && one.textContent === ''
        })
        .map(({ outerHTML }) => outerHTML),
    )
    t.strictSame(nameless, [])
  })

  t.test('when the server comes back from a reload, so does the page', async (t) => {
    // It is gone for three seconds only.
    const gone = page.locator('#stream[data-state="gone"]').waitFor()
    await scene.reload('max_connect_attempts 1', 'max_connect_attempts 2')
    await gone
    await page.locator('#stream[data-state="live"]').waitFor()
    t.pass()
  })

  t.test('there was no error, and nobody else was asked', async (t) => {
    t.strictSame(seen.errors, [])
    t.ok(seen.requests.length > 5)
    t.strictSame(
      seen.requests.filter((url) => !url.startsWith(scene.url)),
      [],
    )
  })
}

/** Opens the page, and notes what it complains of and whom it asks. */
async function openPage(context: BrowserContext, url: string) {
  const seen = { errors: [] as string[], requests: [] as string[] }
  const page = context.pages()[0] ?? (await context.newPage())
  page.on('console', (message) => {
    // A stream that ends with its configuration is not the page's mistake.
    const ended = message.text().includes('ERR_INCOMPLETE_CHUNKED_ENCODING')
    if (message.type() === 'error' && !ended) seen.errors.push(message.text())
  })
  page.on('pageerror', (error) => seen.errors.push(error.message))
  context.on('request', (request) => seen.requests.push(request.url()))
  await page.goto(url)
  return { page, seen }
}

/** The text of an element, once it is another one. */
async function changed(page: Page, selector: string, from: string): Promise<string> {
  const other = await page.waitForFunction(
    ({ selector, from }) => {
      const text = document.querySelector(selector)?.textContent
      return text !== from && text
    },
    { selector, from },
  )
  return String(await other.jsonValue())
}

/** What has the focus: by its id, or by what it says. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { id, textContent } = document.activeElement
    return id === '' ? (textContent ?? '') : `#${id}`
  })
}

/** Texts that are seen, and the contrast of each with what is behind it (WCAG 2.2, relative luminance). Runs in the browser. */
function contrasts(): { text: string; ratio: number }[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const channels = (color: string): number[] => {
    if (canvas === null) return []
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (element: Dom): string => {
    for (let one = element; one !== null; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one)
      if ((channels(backgroundColor)[3] ?? 0) > 0) return backgroundColor
    }
    return 'white'
  }
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.checkVisibility() && element.clientHeight > 0)
    .filter(({ childNodes }) =>
      [...childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
    )
    .map((element) => {
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))]
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      return { text: (element.textContent ?? '').slice(0, 40), ratio }
    })
}
