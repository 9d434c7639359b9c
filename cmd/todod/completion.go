package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionFlags say for which shell.
type completionFlags struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help implements kong.HelpProvider.
func (completionFlags) Help() string {
	return `Where it goes, for one person:

  bash  todod completion bash >~/.local/share/bash-completion/completions/todod
  zsh   todod completion zsh >~/.zfunc/_todod   (with fpath+=~/.zfunc before compinit in ~/.zshrc)
  fish  todod completion fish >~/.config/fish/completions/todod.fish`
}

// A place is a command, or todod itself, and the words that may follow it.
type place struct {
	path  string // the command with those before it: todod user list
	words []word
}

// A word is what can be completed, and what it does.
type word struct{ text, help string }

// printCompletion prints the script for a shell: bash, zsh or fish.
func printCompletion(shell string, stdout io.Writer) error {
	parser, err := newParser(&commands{})
	if err != nil {
		return err
	}
	root := parser.Model.Node
	script := map[string]func([]place) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[shell]
	_, err = io.WriteString(stdout, script(placesIn(root, root, nil)))
	return err
}

// placesIn returns the places that node and the commands in it are. outer are the flags of those it is in, which it takes,
// too.
func placesIn(root, node *kong.Node, outer []*kong.Flag) []place {
	flags := append(slices.Clip(outer), node.Flags...)
	here := place{path: "todod"}
	if node != root {
		here.path += " " + node.Path()
	}
	for _, child := range node.Children {
		here.words = append(here.words, word{child.Name, child.Help})
	}
	if node.Name == "help" {
		for _, child := range root.Children {
			here.words = append(here.words, word{child.Name, child.Help})
		}
	}
	for _, arg := range node.Positional {
		if arg.Enum != "" {
			for _, value := range arg.EnumSlice() {
				here.words = append(here.words, word{value, arg.Help})
			}
		}
	}
	for _, flag := range flags {
		here.words = append(here.words, word{"--" + flag.Name, flag.Help})
	}
	places := []place{here}
	for _, child := range node.Children {
		places = append(places, placesIn(root, child, flags)...)
	}
	return places
}

// texts returns the words that may follow, with spaces between.
func (p place) texts() string {
	var all []string
	for _, w := range p.words {
		all = append(all, w.text)
	}
	return strings.Join(all, " ")
}

// paths returns the places' commands as alternatives of a case.
func paths(places []place) string {
	var all []string
	for _, p := range places {
		all = append(all, "'"+p.path+"'")
	}
	return strings.Join(all, " | ")
}

// cases returns the branches of a case over places, each of which sets candidates.
func cases(places []place) string {
	var b strings.Builder
	for _, p := range places {
		fmt.Fprintf(&b, "    '%s') candidates='%s' ;;\n", p.path, p.texts())
	}
	return b.String()
}

// bashCompletion returns the script for bash. What is none of the words is completed as a file.
func bashCompletion(places []place) string {
	return `# bash completion of todod
_todod() {
    local word place=todod candidates=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$place $word" in
        ` + paths(places) + `) place="$place $word" ;;
        esac
    done
    case "$place" in
` + cases(places) + `    esac
    COMPREPLY=($(compgen -W "$candidates" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _todod todod
`
}

// zshCompletion returns the script for zsh. What is none of the words is completed as a file.
func zshCompletion(places []place) string {
	return `#compdef todod
_todod() {
    local word place=todod candidates=
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "$place $word" in
        ` + paths(places) + `) place="$place $word" ;;
        esac
    done
    case "$place" in
` + cases(places) + `    esac
    compadd -- ${=candidates} || _files
}
if [ "$funcstack[1]" = _todod ]; then
    _todod "$@"
else
    compdef _todod todod
fi
`
}

// fishCompletion returns the script for fish. What is none of the words is completed as a file.
func fishCompletion(places []place) string {
	var b strings.Builder
	b.WriteString(`# fish completion of todod
function __todod_place
    set -l place todod
    for word in (commandline -opc)[2..]
        contains -- "$place $word" ` + strings.ReplaceAll(paths(places), " | ", " ") + `; and set place "$place $word"
    end
    echo $place
end
`)
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for _, p := range places {
		for _, w := range p.words {
			what := "-a " + w.text
			if flag, ok := strings.CutPrefix(w.text, "--"); ok {
				what = "-l " + flag
			}
			fmt.Fprintf(&b, "complete -c todod -n 'test (__todod_place) = \"%s\"' %s -d '%s'\n", p.path, what, quote.Replace(w.help))
		}
	}
	return b.String()
}
