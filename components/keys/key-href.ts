export { keyPath as keyHref } from '#lib/key-holdings/schema.ts'
