/** A value as Terraform's language writes it (HCL, "Expressions: types and values"). */
export function hcl(value: unknown, indent = ''): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${hcl(item, inner)},\n`)
    return items.length === 0 ? '[]' : `[\n${items.join('')}${indent}]`
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined)
    const lines = entries.map(([name, member]) => `${inner}${attribute(name)} = ${hcl(member, inner)}\n`)
    return `{\n${lines.join('')}${indent}}`
  }
  return typeof value === 'string' ? text(value) : String(value)
}

const attribute = (name: string) => (/^[A-Za-z_][\w-]*$/.test(name) ? name : text(name))

/** `${` and `%{` begin a template in a string, unless the sign is doubled. */
const text = (value: string) => JSON.stringify(value).replace(/([$%])\{/g, '$1$1{')
