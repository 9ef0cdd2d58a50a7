import type { ReactNode } from 'react'

interface Size {
  size?: number
}

function Drawn({ size = 20, children }: { size?: number; children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  )
}
export function KeyIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <circle cx="7" cy="7" r="3.6" />
      <path d="m9.7 9.7 6.3 6.3M13.5 13.5l1.8-1.8" />
    </Drawn>
  )
}
export function PhoneIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <rect x="5.5" y="2.5" width="9" height="15" rx="1.8" />
      <path d="M9 14.8h2" />
    </Drawn>
  )
}
export function MessageIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M3 4.5h14v9H9l-3.5 3v-3H3z" />
    </Drawn>
  )
}
export function CodesIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <rect x="3" y="3.5" width="14" height="13" rx="1.8" />
      <path d="M6 7.5h3M6 10h3M6 12.5h3M11.5 7.5h2.5M11.5 10h2.5M11.5 12.5h2.5" />
    </Drawn>
  )
}
export function LockIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <rect x="4" y="8.5" width="12" height="8.5" rx="1.6" />
      <path d="M6.8 8.5V6.2a3.2 3.2 0 0 1 6.4 0v2.3" />
    </Drawn>
  )
}
export function ChevronIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="m6 8 4 4 4-4" />
    </Drawn>
  )
}
export function ArrowIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M4 10h12M11.5 5.5 16 10l-4.5 4.5" />
    </Drawn>
  )
}
export function BackIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M16 10H4M8.5 5.5 4 10l4.5 4.5" />
    </Drawn>
  )
}
export function NewTabIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M8 4H4v12h12v-4M11.5 3.5h5v5M16 4l-7 7" />
    </Drawn>
  )
}
export function CheckIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="m4 10.5 4 4 8-9" />
    </Drawn>
  )
}
export function WarningIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M10 3 2.5 16.5h15zM10 8.5v3.5M10 14.2v.1" />
    </Drawn>
  )
}
export function InfoIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <circle cx="10" cy="10" r="7.2" />
      <path d="M10 9.2v4.3M10 6.4v.1" />
    </Drawn>
  )
}
export function HouseIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M3 9.5 10 3.5l7 6M5 8.2v8.3h10V8.2" />
      <path d="M8.2 16.3v-4.5h3.6v4.5" />
    </Drawn>
  )
}
export function PersonIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <circle cx="10" cy="6.8" r="3.2" />
      <path d="M3.8 16.8c.8-3.3 3.2-5 6.2-5s5.4 1.7 6.2 5" />
    </Drawn>
  )
}
export function SearchIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <circle cx="9" cy="9" r="5.5" />
      <path d="m13.2 13.2 3.8 3.8" />
    </Drawn>
  )
}
export function MicIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <rect x="7.5" y="2.5" width="5" height="9.5" rx="2.5" />
      <path d="M4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5M7.5 17.5h5" />
    </Drawn>
  )
}
export function UpIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M10 16V4M5.5 8.5 10 4l4.5 4.5" />
    </Drawn>
  )
}
export function DownIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M10 4v12M5.5 11.5 10 16l4.5-4.5" />
    </Drawn>
  )
}
export function GripIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M7.5 5h.1M12.5 5h.1M7.5 10h.1M12.5 10h.1M7.5 15h.1M12.5 15h.1" />
    </Drawn>
  )
}
export function BinIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.7 9v4.5M11.3 9v4.5" />
    </Drawn>
  )
}
export function DotsIcon({ size }: Size) {
  return (
    <Drawn size={size}>
      <path d="M4.5 10h.1M10 10h.1M15.5 10h.1" />
    </Drawn>
  )
}
