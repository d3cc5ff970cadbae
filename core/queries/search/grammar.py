"""The grammar of searches, read by lark's LALR parser.

    wdcnn "load zone" tag:baseline,paper (lr<1e-3 or not optimizer:sgd) sort:-best.val_accuracy limit:20

A blank between terms is `and`; `or` binds weaker than it, `not` stronger. The nodes are made as the parser
goes, so that no depth of brackets costs a level of Python's stack.
"""

import re
from functools import cache

from lark import Lark, Token, Transformer, v_args

from core.queries.search.tree import AllOf, AnyOf, Comparison, Node, Not, Word

OPERATORS = (":", "=", "!=", "<", "<=", ">", ">=")
GRAMMAR = r"""
start: disjunction?
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND? negation)*
?negation: _NOT negation -> not_
    | _LPAR disjunction _RPAR -> bracket
    | comparison
    | word
comparison: word OPERATOR word (_COMMA word)*
word: WORD | QUOTED

_AND.3: /and(?![^\s()",:=<>])/i
_OR.3: /or(?![^\s()",:=<>])/i
_NOT.3: /not(?![^\s()",:=<>])/i
_LPAR: "("
_RPAR: ")"
_COMMA: ","
OPERATOR.2: /!=|[:=<>]+/
QUOTED.2: /"(?:[^"\\]|\\.)*"/s
WORD: /(?:[^\s()",:=<>!“”„]|!(?!=))+/
%ignore /\s+/
"""


@v_args(inline=True)
class _Builder(Transformer[Token, Node | None]):
    """Make the nodes of a tree."""

    def start(self, found: Node | None = None) -> Node | None:
        return found

    def disjunction(self, *parts: Node) -> Node:
        return AnyOf(parts)

    def conjunction(self, *parts: Node) -> Node:
        return AllOf(parts)

    def not_(self, part: Node) -> Node:
        return Not(part)

    def bracket(self, part: Node) -> Node:
        return AllOf((part,))

    def comparison(self, field: Word, operator: Token, *values: Word) -> Node:
        return Comparison(field, str(operator), values, operator.start_pos or 0)

    def word(self, token: Token) -> Word:
        place = (token.start_pos or 0, len(token))
        if token.type == "WORD":
            return Word(str(token), *place)
        return Word(re.sub(r'\\(["\\])', r"\1", token[1:-1]), *place, is_quoted=True)


@cache
def get_parser() -> Lark:
    """Return the parser, compiled at its first use in this process."""
    return Lark(GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())
