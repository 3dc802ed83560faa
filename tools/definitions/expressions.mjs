// Reads the FHIRPath expressions that R4's search parameters use.
//
// union := logical ('|' logical)* ; logical := compared ('and' compared)* ;
// compared := typed (('=' | '!=') typed)? ; typed := postfix (('as' | 'is') name)* ;
// postfix := primary ('.' (name | name '(' union? ')') | '[' digits ']')*
//
// Nodes: {op: 'name', name}, {op: 'member', on, name}, {op: 'index', on, index},
// {op: 'call', on, name, argument}, {op: 'literal', value}, and {op, a, b} for the operators.

function tokenise(text) {
  return text.match(/'[^']*'|[A-Za-z_]\w*|\d+|!=|\S/g) ?? [];
}

// Throws when the text is not of this grammar.
export function parse(text) {
  const tokens = tokenise(text);
  let at = 0;
  const peek = () => tokens[at];
  const take = (expected) => {
    if (expected !== undefined && tokens[at] !== expected) {
      throw new Error(`expected ${expected} before ${tokens.slice(at).join(' ')}`);
    }
    return tokens[at++];
  };
  function left(operators, next, make) {
    let node = next();
    while (operators.includes(peek())) {
      const operator = take();
      node = make(operator, node, next());
    }
    return node;
  }
  const binary = (operator, a, b) => ({ op: operator, a, b });
  const union = () => left(['|'], logical, binary);
  const logical = () => left(['and'], compared, binary);
  const compared = () => left(['=', '!='], typed, binary);
  function typed() {
    return left(['as', 'is'], postfix, binary);
  }
  function primary() {
    if (peek() === '(') {
      take('(');
      const inner = union();
      take(')');
      return inner;
    }
    const token = take();
    if (token?.startsWith("'")) {
      return { op: 'literal', value: token.slice(1, -1) };
    }
    if (!/^[A-Za-z_]/.test(token ?? '')) {
      throw new Error(`unexpected ${token}`);
    }
    return peek() === '(' ? call(null, token) : { op: 'name', name: token };
  }
  function call(on, name) {
    take('(');
    const argument = peek() === ')' ? null : union();
    take(')');
    return { op: 'call', on, name, argument };
  }
  function postfix() {
    let node = primary();
    for (;;) {
      if (peek() === '.') {
        take('.');
        const name = take();
        node = peek() === '(' ? call(node, name) : { op: 'member', on: node, name };
      } else if (peek() === '[') {
        take('[');
        node = { op: 'index', on: node, index: take() };
        take(']');
      } else {
        return node;
      }
    }
  }
  const node = union();
  if (at !== tokens.length) {
    throw new Error(`left over: ${tokens.slice(at).join(' ')}`);
  }
  return node;
}
