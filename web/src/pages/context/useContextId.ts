import { useParams } from '@tanstack/react-router'

/** The context of the page: it stands in the address. */
export const useContextId = () => useParams({ from: '/signed-in/c/$context' }).context
