/** The lamp: a shade, its light, a foot. Decoration unless it is given a title. */
export function LampMark({ size = 32, title, lit = true }: { size?: number; title?: string; lit?: boolean }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      role={title ? 'img' : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
      focusable="false"
    >
      {lit && <path d="M9.2 16.5h13.6l4 10.5H5.2z" fill="var(--lamp)" opacity="0.32" />}
      <path
        d="M12.2 4.5h7.6a1 1 0 0 1 .94.66L24.6 16.5H7.4l3.86-11.34a1 1 0 0 1 .94-.66Z"
        fill="currentColor"
      />
      <path d="M13.4 16.5h5.2a2.6 2.6 0 0 1-5.2 0Z" fill="var(--lamp)" />
      <path d="M16 20v6M11.5 27.5h9" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  )
}
