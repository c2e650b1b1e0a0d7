# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of logoff(1) for fish: options in both styles, and the ids and names of the sessions there are now.
# fish knows only options with dashes; those with a slash are offered as arguments once a slash has been typed.

function __logoff_sessions
    command logoff --complete-sessions 2>/dev/null | while read --delimiter \t --local id name user
        if test -n "$name"
            printf '%s\t%s on %s\n' $id $user $name
            printf '%s\t%s, session %s\n' $name $user $id
        else
            printf '%s\t%s\n' $id $user
        end
    end
end

function __logoff_hosts
    printf '%s\tthis machine\n' localhost (prompt_hostname)
end

function __logoff_slash
    string match --quiet '/*' -- (commandline --current-token --cut-at-cursor)
end

function __logoff_server
    string match --quiet --ignore-case '/server:*' -- (commandline --current-token --cut-at-cursor)
end

# After "/server", "/grace" and "/wait" without a colon the next word is their value.
function __logoff_value_of
    set --local tokens (commandline --tokenize --cut-at-cursor --current-process)
    contains -- (string lower -- $tokens[-1]) $argv
end

complete -c logoff -f
complete -c logoff -n 'not __logoff_slash; and not __logoff_value_of /server /grace /wait' -k -a '(__logoff_sessions)'

complete -c logoff -l server -x -a '(__logoff_hosts)' -d 'Session host whose session is meant'
complete -c logoff -s v -l verbose -d 'Show what is done, step by step'
complete -c logoff -l grace -x -d 'Seconds from asking to killing'
complete -c logoff -l wait -x -d 'Longest seconds for one session'
complete -c logoff -l console -d 'Allow to log off the console session of somebody else'
complete -c logoff -l no-ask-password -d 'Never ask for a password'
complete -c logoff -s h -l help -d 'Show the help'
complete -c logoff -l version -d 'Show the version'

complete -c logoff -n __logoff_slash -a '/server:' -d 'Session host whose session is meant'
complete -c logoff -n __logoff_slash -a /v -d 'Show what is done, step by step'
complete -c logoff -n __logoff_slash -a '/grace:' -d 'Seconds from asking to killing'
complete -c logoff -n __logoff_slash -a '/wait:' -d 'Longest seconds for one session'
complete -c logoff -n __logoff_slash -a /console -d 'Allow to log off the console session of somebody else'
complete -c logoff -n __logoff_slash -a /noaskpassword -d 'Never ask for a password'
complete -c logoff -n __logoff_slash -a "'/?'" -d 'Show the help'
complete -c logoff -n __logoff_slash -a /version -d 'Show the version'
complete -c logoff -n '__logoff_value_of /server' -a '(__logoff_hosts)'
complete -c logoff -n __logoff_server -a '/server:(__logoff_hosts)'
