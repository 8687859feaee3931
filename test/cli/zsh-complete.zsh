# Prints what zsh offers after the text $2, with the completion script $1. Completion needs a terminal, so an interactive
# zsh runs in a pseudo-terminal, and what it is about to offer is printed instead.
zmodload zsh/zpty || exit 3
zpty z zsh -f -i
setup=$(mktemp)
print -r -- '
PROMPT=
autoload -Uz compinit
compinit -u -D
source '$1'
bindkey "^M" undefined
bindkey "^J" undefined
bindkey "^I" complete-word
mark () { echo -E - MARK }
compprefuncs=(mark)
comppostfuncs=(mark exit)
zstyle ":completion:*" insert-tab false
zstyle ":completion:*" list-separator ""
compadd () {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  typeset -a __hits
  builtin compadd -A __hits "$@"
  local hit
  for hit in $__hits; do echo -E - "HIT $hit"; done
  builtin compadd "$@"
}
echo READY' > $setup
zpty -w z "source $setup"
while zpty -r z line; do [[ $line == *READY* ]] && break; done
zpty -w -n z "$2"$'\t'
while zpty -r z line; do print -r -- "$line"; done | tr -d '\r' | sed -n 's/^.*HIT //p'
rm -f $setup
