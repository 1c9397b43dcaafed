export function Brand() {
  return (
    <span className="flex items-center gap-2.5 text-lg font-semibold">
      <svg
        aria-hidden="true"
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        className="size-[22px] shrink-0 text-accent"
      >
        <rect x="3" y="4" width="18" height="16" rx="3" />
        <circle cx="11" cy="12" r="3" />
        <path d="M14 12h4M16.5 12v2" />
      </svg>
      Vault Console
    </span>
  )
}
