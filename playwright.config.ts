import { defineConfig } from '@playwright/test'
import { findChromium } from './bin/chromium.ts'

// What the pages do not need and costs Chromium a second of each new context: the window of a desktop has pages of its
// own for the suggestions under its address bar. The last such list counts, so Playwright's own are in it, too.
const withoutFeatures = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'LensOverlay'],
  ...['HttpsFirstBalancedModeAutoEnable', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning', 'AimEnabled'],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'PreconnectToSearch'],
]

// They start consoles of their own, stop them and wait for them: first, so that none is left alone at the end.
const withOwnConsoles = ['**/seal.spec.ts', '**/kill.spec.ts', '**/setup.spec.ts']

// Each of the three workers starts a console of its own (e2e/fixtures.ts), so that tests never share one. They mostly
// wait: two leave half of two cores idle.
export default defineConfig({
  testDir: 'e2e',
  workers: 3,
  fullyParallel: false,
  forbidOnly: true,
  // Nothing here is measured: a machine that is slow, or has much else to do, is only waited for.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  outputDir: 'test-results',
  globalSetup: './e2e/build-pages.ts',
  projects: [
    { name: 'consoles', testMatch: withOwnConsoles },
    { name: 'pages', testIgnore: withOwnConsoles },
  ],
  use: {
    viewport: { width: 1440, height: 900 },
    // Without a graphics card each turn of what spins while a test waits costs the processor a picture.
    contextOptions: { reducedMotion: 'reduce' },
    // A trace of every test takes a fifth of the time: `npm run test:e2e -- FILE --trace on` makes one when it is needed.
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.VAULT_TEST_CHROMIUM ?? findChromium(),
      // Without a locale Chromium reads no file whose name is not ASCII.
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--disable-features=${withoutFeatures.join()}`,
      ],
    },
  },
})
