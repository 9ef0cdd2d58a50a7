import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** What a person reads or hears of an element, whichever component it is. */
const SAID =
  /^(aria-(label|description|roledescription|valuetext|placeholder)|alt|description|error|label|lead|placeholder|submit|text|title)$/

const hasWords = (text: string) => /\p{L}/u.test(text)

/** The literal text that an expression may come to, and codes that are no words. What else it names is from elsewhere. */
function literals(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'status') return [node.getText()]
  if (ts.isTemplateExpression(node))
    return [node.head.text, ...node.templateSpans.map((it) => it.literal.text)]
  if (ts.isParenthesizedExpression(node)) return literals(node.expression)
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)]
  if (!ts.isBinaryExpression(node)) return []
  const isAnd = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  const gives = [...(isAnd ? [] : literals(node.left)), ...literals(node.right)]
  return /^(&&|\|\||\?\?|\+)$/.test(node.operatorToken.getText()) ? gives : []
}

/** Words that stand in a page's source instead of the catalogue. */
function wordsIn(source: string, name = 'page.tsx'): string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const found: string[] = []
  const say = (node: ts.Node, texts: string[]) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    for (const text of texts) if (hasWords(text)) found.push(`${name}:${line + 1} ${text.trim()}`)
  }
  function look(node: ts.Node) {
    if (ts.isJsxText(node)) say(node, [node.text])
    if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent))
      say(node, literals(node.expression))
    if (ts.isJsxAttribute(node) && SAID.test(node.name.getText()) && node.initializer) {
      const value = ts.isJsxExpression(node.initializer) ? node.initializer.expression : node.initializer
      if (value && !ts.isJsxElement(value)) say(node, literals(value as ts.Expression))
    }
    if (ts.isPropertyAssignment(node) && SAID.test(node.name.getText().replaceAll(/['"]/g, '')))
      say(node, literals(node.initializer))
    ts.forEachChild(node, look)
  }
  look(file)
  return found
}

const pages = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (it) => it.endsWith('.tsx') && !it.endsWith('.test.tsx') && !it.startsWith('test'),
)

test('words are found wherever a person may read or hear them', () => {
  const of = (jsx: string) => wordsIn(`const it = ${jsx}`).map((it) => it.replace(/^\S+ /, ''))
  expect(of('<p>Hello {name}</p>')).toEqual(['Hello'])
  expect(of("<p>{busy ? 'Wait' : t('go')}</p>")).toEqual(['Wait'])
  expect(of('<input aria-label="Name" type="text" className="wide" />')).toEqual(['Name'])
  expect(of(`<Field label={\`\${count} of \${all}\`} placeholder={given ?? 'None'} />`)).toEqual([
    'of',
    'None',
  ])
  expect(of('<Chip>{it.status}</Chip>')).toEqual(['it.status'])
  expect(of("<Select data={[{ value: 'a', label: 'First' }]} />")).toEqual(['First'])
  expect(
    of(`<p title={t('a.title')}>{t('a')} · {kind === 'some' && <b>{name}</b>} ← {\`\${a}, \${b}\`}</p>`),
  ).toEqual([])
})

test('no page says a word that is not in the catalogue', () => {
  expect(pages.length).toBeGreaterThan(150)
  expect(pages.flatMap((it) => wordsIn(readFileSync(join('src', it), 'utf8'), it))).toEqual([])
})
