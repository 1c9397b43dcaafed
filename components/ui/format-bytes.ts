export { bytesText as formatBytes } from '#lib/bytes-text.ts'
export { count, numberText as formatNumber } from '#lib/count-text.ts'
