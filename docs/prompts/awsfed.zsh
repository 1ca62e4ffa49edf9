# SPDX-License-Identifier: Apache-2.0
# The AWS profile of this shell and how long its keys live, for a zsh prompt.
# In ~/.zshrc:
#
#     . /usr/local/share/awsfed/prompts/awsfed.zsh
#     setopt prompt_subst
#     RPROMPT='${AWSFED_PROMPT}'
#
# It reads the agent's status file and starts no process.  Red: expired, or a
# login is needed.
zmodload zsh/datetime
autoload -Uz add-zsh-hook

__awsfed_prompt() {
    emulate -L zsh
    local want=${AWS_PROFILE:-${AWS_DEFAULT_PROFILE:-default}}
    local file=${XDG_STATE_HOME:-$HOME/.local/state}/awsfed/run/$HOST/status
    local name state end text
    local -i left red=0

    typeset -g AWSFED_PROMPT=''
    [[ -z ${XDG_RUNTIME_DIR-} ]] || file=$XDG_RUNTIME_DIR/awsfed/status
    [[ -n ${XDG_RUNTIME_DIR-} || ! -d /run/user/$EUID/awsfed ]] ||
        file=/run/user/$EUID/awsfed/status
    [[ -r $file ]] || return 0
    while IFS=$'\t' read -r name state end; do
        [[ $name == "$want" ]] || continue
        left=$(((end - EPOCHSECONDS) / 60))
        if ((end <= EPOCHSECONDS)); then
            text=expired red=1
            [[ $state != waiting ]] || text=refreshing
        elif ((left >= 60)); then
            printf -v text '%dh%02dm' $((left / 60)) $((left % 60))
        else
            text=${left}m
        fi
        [[ $state != (needs-login|failed) ]] || red=1
        # A percent sign would be read as a prompt's own.
        AWSFED_PROMPT="${name//\%/%%} $text"
        ((!red)) || AWSFED_PROMPT="%F{red}$AWSFED_PROMPT%f"
        return 0
    done <$file
    return 0
}
add-zsh-hook precmd __awsfed_prompt
