import { Button, Group, TextInput } from '@mantine/core'
import { type DragEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Item, Questionnaire } from '@/api/noteTypes'
import { isScore } from '@/pages/notes/form'
import { BinIcon, DownIcon, GripIcon, UpIcon } from '@/ui/icons'
import classes from './Builder.module.css'
import { ItemEditor } from './ItemEditor'
import { addTo, move, moveTo, newItem, newScore, remove, update } from './shape'

export interface StructureProps {
  value: Questionnaire
  /** The linkId that is being edited. */
  open: string | null
  faults: { linkId?: string; words: string }[]
  onOpen(linkId: string | null): void
  onChange(change: (before: Questionnaire) => Questionnaire): void
}

/** What a template consists of: sections and what stands in them, to be moved by keys or by hand. */
export function Structure(props: StructureProps) {
  const { t } = useTranslation()
  const { value, open, faults, onOpen, onChange } = props
  const [over, setOver] = useState<string | null>(null)
  const [dragged, setDragged] = useState<string | null>(null)

  const faultsAt = (linkId: string) =>
    faults
      .filter((it) => it.linkId === linkId)
      .map((it) => (
        <p key={it.words} className={classes.fault} role="alert">
          {it.words}
        </p>
      ))
  const hasFault = (linkId: string) => faults.some((it) => it.linkId === linkId) || undefined

  const drop = (to: { before: string } | { into: string }) => ({
    'data-over': over === JSON.stringify(to) || undefined,
    onDragOver: (event: DragEvent) => {
      if (!dragged) return
      event.preventDefault()
      event.stopPropagation()
      setOver(JSON.stringify(to))
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      event.stopPropagation()
      if (dragged) onChange((it) => moveTo(it, dragged, to))
      setDragged(null)
      setOver(null)
    },
  })
  function tools(item: Item, what: string): { grip: ReactNode; rest: ReactNode } {
    const button = (label: string, icon: ReactNode, go: () => void) => (
      <button type="button" className={classes.icon} aria-label={label} title={label} onClick={go}>
        {icon}
      </button>
    )
    const step = (by: -1 | 1) => onChange((it) => move(it, item.linkId, by))
    return {
      grip: (
        <button
          type="button"
          tabIndex={-1}
          aria-hidden="true"
          draggable
          className={`${classes.icon} ${classes.grip}`}
          title={t('templates.drag', { what })}
          onDragStart={(event) => {
            event.dataTransfer.setData('text/plain', item.linkId)
            event.dataTransfer.effectAllowed = 'move'
            setDragged(item.linkId)
          }}
          onDragEnd={() => {
            setDragged(null)
            setOver(null)
          }}
        >
          <GripIcon size={18} />
        </button>
      ),
      rest: (
        <>
          {button(t('templates.up', { what }), <UpIcon size={18} />, () => step(-1))}
          {button(t('templates.down', { what }), <DownIcon size={18} />, () => step(1))}
          {button(t('templates.remove', { what }), <BinIcon size={18} />, () =>
            onChange((it) => remove(it, item.linkId)),
          )}
        </>
      ),
    }
  }
  const title = (item: Item, label: string) => (
    <TextInput
      className={classes.grow}
      label={label}
      value={item.text ?? ''}
      maxLength={500}
      onChange={(event) => {
        const text = event.currentTarget.value
        onChange((it) => update(it, item.linkId, (one) => ({ ...one, text })))
      }}
    />
  )
  function add(group: string, item: Item) {
    onChange((it) => addTo(it, group, item))
    onOpen(item.linkId)
  }
  const adders = (group: Item) => (
    <Group gap="xs">
      <Button size="sm" variant="default" onClick={() => add(group.linkId, newItem())}>
        {t('templates.addQuestion')}
      </Button>
      <Button size="sm" variant="subtle" onClick={() => add(group.linkId, newItem('display'))}>
        {t('templates.addText')}
      </Button>
      {!group.item?.some(isScore) && (
        <Button size="sm" variant="subtle" onClick={() => add(group.linkId, newScore())}>
          {t('templates.addScore')}
        </Button>
      )}
    </Group>
  )
  function row(item: Item): ReactNode {
    const what = item.text || t('templates.untitled')
    const { grip, rest } = tools(item, what)
    const { linkId } = item
    if (item.type === 'group')
      return (
        <li
          key={linkId}
          className={classes.item}
          data-item={linkId}
          data-fault={hasFault(linkId)}
          {...drop({ before: linkId })}
        >
          <div className={classes.editor}>
            <div className={classes.sectionHead}>
              {grip}
              {title(item, t('templates.panelName'))}
              {rest}
            </div>
            {faultsAt(linkId)}
            <ul className={classes.list}>{item.item?.map(row)}</ul>
            {adders(item)}
          </div>
        </li>
      )
    const type = isScore(item) ? 'score' : item.type
    const isOpen = open === linkId
    return (
      <li
        key={linkId}
        className={classes.item}
        data-item={linkId}
        data-open={isOpen || undefined}
        data-fault={hasFault(linkId)}
        {...drop({ before: linkId })}
      >
        <div className={classes.row}>
          {grip}
          <button
            type="button"
            className={classes.what}
            aria-expanded={isOpen}
            onClick={() => onOpen(isOpen ? null : linkId)}
          >
            {what}
            <span className={classes.type}>
              {t(`templates.type_${type}`)}
              {item.required && ` · ${t('notes.required')}`}
            </span>
          </button>
          {rest}
        </div>
        {faultsAt(linkId)}
        {isOpen && <ItemEditor item={item} value={value} onChange={onChange} />}
      </li>
    )
  }
  return value.item?.map((section) => {
    const { grip, rest } = tools(section, section.text || t('templates.section'))
    return (
      <section
        key={section.linkId}
        className={classes.section}
        aria-label={t('templates.sectionOf', { name: section.text ?? '' })}
        data-item={section.linkId}
        data-fault={hasFault(section.linkId)}
        {...drop(
          dragged && value.item?.some((it) => it.linkId === dragged)
            ? { before: section.linkId }
            : { into: section.linkId },
        )}
      >
        <div className={classes.sectionHead}>
          {grip}
          {title(section, t('templates.sectionName'))}
          {rest}
        </div>
        {faultsAt(section.linkId)}
        <ul className={classes.list}>{section.item?.map(row)}</ul>
        {adders(section)}
      </section>
    )
  })
}
