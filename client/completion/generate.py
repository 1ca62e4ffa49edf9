# SPDX-License-Identifier: Apache-2.0
"""Writes the shells' completions from the verb table.

usage: awsfedctl help --table | generate.py DIRECTORY
"""
import collections
import os
import sys

FILES = {"FILE"}
PROFILES = {"login", "status", "roles", "refresh", "logout", "approve",
            "reset", "credential-process", "exec", "env", "console",
            "explain"}
NOTE = "# Made by client/completion/generate.py: edit the verb table instead."


def read(stream):
    verbs, options = collections.OrderedDict(), collections.OrderedDict()
    for line in stream:
        kind, verb, *rest = line.rstrip("\n").split("\t")
        if kind == "verb":
            verbs[verb], options[verb] = rest[0], []
        else:
            options[verb].append(rest)
    return verbs, options


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


BASH = """# SPDX-License-Identifier: Apache-2.0
%(note)s
_awsfedctl_profiles()
{
	sed -n -e 's/^\\[profile  *"\\([^]"\\\\]*\\)" *\\].*/\\1/p' -e t \\
	    -e 's/^\\[profile  *\\([^]]*\\)\\].*/\\1/p' \\
	    -e 's/^\\[\\(default\\)\\].*/\\1/p' \\
	    "${AWS_CONFIG_FILE:-$HOME/.aws/config}" 2>/dev/null
}

# By hand: compgen -W would run what a name has in $(...), and part its words.
_awsfedctl_names()
{
	local name quoted

	while IFS= read -r name; do
		printf -v quoted %%q "$name"
		[[ $name == "$1"* || $quoted == "$1"* ]] &&
		    COMPREPLY+=("$quoted")
	done < <(_awsfedctl_profiles)
}

_awsfedctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local verb='' words='' i

	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			verb=${COMP_WORDS[i]}
			break
		fi
	done
	COMPREPLY=()
	if [[ $verb == exec &&
	    " ${COMP_WORDS[*]:0:COMP_CWORD} " == *' -- '* ]]; then
		[[ $prev == -- ]] &&
		    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		compopt -o default 2>/dev/null
		return
	fi
	case $prev in
	--profile)
		_awsfedctl_names "$cur"
		return ;;
%(files)s
%(values)s
	esac
	case $verb in
	'')	words='%(verbs)s help --version --help' ;;
	help)	words='%(verbs)s' ;;
%(options)s
	esac
	if [[ $cur != -* ]]; then
		case $verb in
		%(profiles)s)
			_awsfedctl_names "$cur"
			return ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _awsfedctl awsfedctl
"""


def bash(verbs, options):
    files, values = set(), set()
    for rows in options.values():
        for name, arg, _ in rows:
            if arg in FILES:
                files.add(name)
            elif arg and name != "--profile":
                values.add(name)
    return BASH % {
        "note": NOTE,
        "files": "\t%s)\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
                 "\n\t\treturn ;;" % "|".join(sorted(files)),
        "values": "\t%s)\n\t\treturn ;;" % "|".join(sorted(values)),
        "verbs": " ".join(verbs),
        "profiles": "|".join(v for v in verbs if v in PROFILES),
        "options": "\n".join("\t%s)\n\t\twords='%s' ;;" % (
            v, " ".join(o[0] for o in options[v])) for v in verbs),
    }


ZSH = """#compdef awsfedctl
# SPDX-License-Identifier: Apache-2.0
%(note)s
_awsfedctl_profiles() {
	local -a found
	found=(${(f)"$(sed -n \\
	    -e 's/^\\[profile  *"\\([^]"\\\\]*\\)" *\\].*/\\1/p' -e t \\
	    -e 's/^\\[profile  *\\([^]]*\\)\\].*/\\1/p' \\
	    -e 's/^\\[\\(default\\)\\].*/\\1/p' \\
	    "${AWS_CONFIG_FILE:-$HOME/.aws/config}" 2>/dev/null)"})
	compadd -a found
}

_awsfedctl() {
	local -a verbs
	verbs=(
%(verbs)s
	)
	if (( CURRENT == 2 )); then
		_describe verb verbs
		return
	fi
	local verb=$words[2]
	shift words
	(( CURRENT-- ))
	case $verb in
%(options)s
	help)
		_describe verb verbs ;;
	esac
}

_awsfedctl "$@"
"""


def zsh_text(text):
    for c in "\\[]:":
        text = text.replace(c, "\\" + c)
    return text


def zsh(verbs, options):
    parts = []
    for v in verbs:
        specs = []
        for name, arg, text in options[v]:
            action = "_awsfedctl_profiles" if name == "--profile" else \
                "_files" if arg in FILES else " "
            specs.append("\t\t    " + quoted("%s[%s]%s" % (
                name, zsh_text(text), ":%s:%s" % (arg, action)
                if arg else "")))
        if v == "exec":
            specs.append("\t\t    '1:profile:_awsfedctl_profiles'")
            specs.append("\t\t    '*:command:_files'")
        elif v in PROFILES:
            specs.append("\t\t    '*:profile:_awsfedctl_profiles'")
        parts.append("\t%s)\n\t\t_arguments%s \\\n%s ;;" % (
            v, " -S" if v == "exec" else "", " \\\n".join(specs)))
    return ZSH % {
        "note": NOTE,
        "verbs": "\n".join("\t\t" + quoted("%s:%s" % (v, zsh_text(t)))
                           for v, t in verbs.items()),
        "options": "\n".join(parts),
    }


FISH = """# SPDX-License-Identifier: Apache-2.0
%(note)s
function __awsfedctl_profiles
	set -l file $HOME/.aws/config
	test -n "$AWS_CONFIG_FILE"; and set file $AWS_CONFIG_FILE
	sed -n -e 's/^\\[profile  *"\\([^]"\\\\]*\\)" *\\].*/\\1/p' -e t \\
	    -e 's/^\\[profile  *\\([^]]*\\)\\].*/\\1/p' \\
	    -e 's/^\\[\\(default\\)\\].*/\\1/p' $file 2>/dev/null
end

complete -c awsfedctl -f
complete -c awsfedctl -n __fish_use_subcommand -l version -d 'show the version'
%(verbs)s
%(options)s
"""


def fish_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(verbs, options):
    lines = []
    after = "contains -- -- (commandline -opc)"
    for v in verbs:
        more = "; and not " + after if v == "exec" else ""
        seen = "-n '__fish_seen_subcommand_from %s%s'" % (v, more)
        for name, arg, text in options[v]:
            take = "" if not arg else \
                " -x -a '(__awsfedctl_profiles)'" if name == "--profile" \
                else " -r -F" if arg in FILES else " -x"
            lines.append("complete -c awsfedctl %s -l %s%s -d %s" % (
                seen, name[2:], take, fish_text(text)))
        if v in PROFILES:
            lines.append("complete -c awsfedctl %s "
                         "-a '(__awsfedctl_profiles)'" % seen)
    lines.append("complete -c awsfedctl -n '__fish_seen_subcommand_from exec; "
                 "and %s' -F" % after)
    return FISH % {
        "note": NOTE,
        "verbs": "\n".join("complete -c awsfedctl -n __fish_use_subcommand "
                           "-a %s -d %s" % (v, fish_text(t))
                           for v, t in verbs.items()),
        "options": "\n".join(lines),
    }


def main():
    verbs, options = read(sys.stdin)
    for name, make in (("awsfedctl", bash), ("_awsfedctl", zsh),
                       ("awsfedctl.fish", fish)):
        with open(os.path.join(sys.argv[1], name), "w") as f:
            f.write(make(verbs, options))


main()
