import { Modal } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './Dialog.module.css'

interface Props {
  title: ReactNode
  /** Without it the dialog ends only by what is in it. */
  onClose?(): void
  /** Escape and this button close it; a click beside it does not, so that nothing typed is lost. */
  closeButton?: boolean
  /** `page`: as wide as a page of paper is read best. */
  wide?: boolean | 'page'
  /** Which of several open dialogs is above: 400 proof, 500 the end of the session. */
  level?: number
  children: ReactNode
}

/** Asks for something before the page goes on. Rendered means open. */
export function Dialog({ title, onClose, closeButton = true, wide, level, children }: Props) {
  const { t } = useTranslation()
  useFocusBack()
  return (
    <Modal.Root
      opened
      onClose={onClose ?? (() => {})}
      closeOnEscape={onClose !== undefined}
      closeOnClickOutside={false}
      lockScroll={false}
      centered
      zIndex={level}
      size={wide === 'page' ? '60rem' : wide ? 'lg' : 'md'}
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay />
      <Modal.Content>
        <div className={classes.head}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          {onClose && closeButton && <Modal.CloseButton aria-label={t('common.close')} />}
        </div>
        <Modal.Body className={classes.body}>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** The library gives the focus back when a dialog closes, but not when it goes: ours are there only while they are open. */
function useFocusBack() {
  const [opener] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      setTimeout(() => {
        const nowhere = !document.activeElement || document.activeElement === document.body
        if (nowhere && opener instanceof HTMLElement && opener.isConnected)
          opener.focus({ preventScroll: true })
      })
    },
    [opener],
  )
}
