# SPDX-License-Identifier: Apache-2.0
# The AWS profile and how long its keys live, in tmux's status line.  Add to
# ~/.tmux.conf, with the profile that you want to see: the status line does not
# know the AWS_PROFILE of a pane.
#
# tmux runs the command once each status-interval.
set -g status-interval 30
set -g status-right '#(/usr/local/share/awsfed/prompts/awsfed-prompt --tmux product-prod-admin) %H:%M'
