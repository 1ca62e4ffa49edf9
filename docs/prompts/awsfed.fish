# SPDX-License-Identifier: Apache-2.0
# The AWS profile of this shell and how long its keys live, for a fish prompt
# (fish 3.6 or later).  Put this file into ~/.config/fish/conf.d, and call
#
#     awsfed_prompt
#
# in fish_right_prompt or fish_prompt.  It reads the agent's status file and
# starts no process.  Red: expired, or a login is needed.
function awsfed_prompt --description 'AWS profile and the life of its keys'
    set -l want default
    test -n "$AWS_DEFAULT_PROFILE"; and set want $AWS_DEFAULT_PROFILE
    test -n "$AWS_PROFILE"; and set want $AWS_PROFILE
    set -l state $HOME/.local/state
    test -n "$XDG_STATE_HOME"; and set state $XDG_STATE_HOME
    set -l file $state/awsfed/run/$hostname/status
    test -n "$XDG_RUNTIME_DIR"; and set file $XDG_RUNTIME_DIR/awsfed/status
    test -r $file; or return 0
    # fish has no clock of its own; a file's time and its age make one.
    set -l now (math (path mtime $file) + (path mtime --relative $file))
    while read -l -d \t name state end
        test "$name" = "$want"; or continue
        set -l left (math --scale 0 "($end - $now) / 60")
        set -l red no
        set -l text {$left}m
        if test $end -le $now
            set text expired
            test $state = waiting; and set text refreshing
            set red yes
        else if test $left -ge 60
            set text (printf '%dh%02dm' (math --scale 0 $left / 60) \
                (math $left % 60))
        end
        contains -- $state needs-login failed; and set red yes
        test $red = yes; and set_color red
        printf '%s %s' $name $text
        test $red = yes; and set_color normal
        return 0
    end <$file
    return 0
end
