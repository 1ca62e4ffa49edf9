# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# The AWS profile of this shell and how long its keys live, for a bash prompt.
# In ~/.bashrc:
#
#     . /usr/local/share/awsfed/prompts/awsfed.bash
#     PS1='${AWSFED_PROMPT}'"$PS1"
#
# It reads the agent's status file and starts no process.  Red: expired, or a
# login is needed.
__awsfed_prompt() {
    local want=${AWS_PROFILE:-${AWS_DEFAULT_PROFILE:-default}}
    local file=${XDG_STATE_HOME:-$HOME/.local/state}/awsfed/run/$HOSTNAME/status
    local name state end now left text red='' on='' off=''

    AWSFED_PROMPT=''
    [ -z "${XDG_RUNTIME_DIR-}" ] || file=$XDG_RUNTIME_DIR/awsfed/status
    [ -n "${XDG_RUNTIME_DIR-}" ] || [ ! -d "/run/user/$EUID/awsfed" ] ||
        file=/run/user/$EUID/awsfed/status
    [ -r "$file" ] || return 0
    while IFS=$'\t' read -r name state end; do
        [ "$name" = "$want" ] || continue
        printf -v now '%(%s)T' -1
        left=$(((end - now) / 60))
        if [ "$end" -le "$now" ]; then
            text=expired red=1
            [ "$state" != waiting ] || text=refreshing
        elif [ "$left" -ge 60 ]; then
            printf -v text '%dh%02dm' $((left / 60)) $((left % 60))
        else
            text=${left}m
        fi
        case $state in
        needs-login | failed) red=1 ;;
        esac
        # What readline is not to count stands between \001 and \002.
        [ -z "$red" ] || on=$'\001\e[31m\002' off=$'\001\e[0m\002'
        AWSFED_PROMPT="${on}${name} ${text}${off} "
        return 0
    done <"$file"
    return 0
}
case ";${PROMPT_COMMAND[*]-};" in
*__awsfed_prompt*) ;;
*) PROMPT_COMMAND="__awsfed_prompt${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
