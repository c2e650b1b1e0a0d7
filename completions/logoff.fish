# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of logoff(1), rwinsta(1), tsdiscon(1), tskill(1), msg(1), query(1) and change(1) for fish: options in both styles, and the sessions and users there are
# now. fish knows only options with dashes; those with a slash are offered as arguments once a slash has been typed.

# ---- what there is ----

# Prints a part of what there is: id, name, user or several of them, each with what it is. What there is on a server nobody
# here knows without asking it.
function __logoff_sessions
    string match --quiet --regex --ignore-case '^(/|--)server([:=]|$)' -- \
        (commandline --tokenize --cut-at-cursor --current-process)[2..]; and return
    command logoff --complete-sessions 2>/dev/null | while read --delimiter \t --local id name user
        if contains id $argv
            test -n "$name"; and printf '%s\t%s on %s\n' $id $user $name; or printf '%s\t%s\n' $id $user
        end
        if contains name $argv; and test -n "$name"
            printf '%s\t%s, session %s\n' $name $user $id
        end
        contains user $argv; and test -n "$user"; and printf '%s\tuser\n' $user
    end
end

set --global __logoff_session_columns name user id state protocol device idle logon host current uid domain kind address client terminal display registered number
set --global __logoff_process_columns user name id pid command uid host current

function __logoff_columns
    if __logoff_is process
        printf '%s\n' $__logoff_process_columns
    else
        printf '%s\n' $__logoff_session_columns
    end
end

# Prints the hosts and groups of the hosts files, behind "-" if the last word begins so: they are left out.
function __logoff_hosts --argument-names text
    set --local minus (string match --regex --groups-only '^(?:.*,)?(-)' -- $text)
    set --local hosts (command query --complete-hosts 2>/dev/null)
    printf '%s\tthis machine\n' "$minus"localhost "$minus"(prompt_hostname)
    set --query hosts[1]; and printf '%s\thost\n' "$minus"$hosts
end

# Prints what could be a value of this type.
function __logoff_values --argument-names type text
    switch $type
        case host,
            __logoff_hosts $text
        case user, id
            __logoff_sessions (string trim --right --chars=, $type)
        case state
            printf '%s\n' active disc closing
        case kind
            printf '%s\n' user background
        case program,
            printf '%s\n' tmux screen mosh-server
        case kerberos
            printf '%s\n' required desired off
        case file
            __fish_complete_path $text
        case exclude,
            __logoff_sessions id name user
            printf 'group:%s\tgroup\n' (__fish_complete_groups | string replace --regex '\t.*' '')
        case column,
            __logoff_columns
        case sort
            __logoff_columns
            printf '%s\n' -(__logoff_columns)
    end
end

# The same for a list, of which the part before the last comma stays.
function __logoff_list --argument-names type text
    set --local kept (string match --regex '^.*,' -- $text)
    printf '%s\n' "$kept"(__logoff_values $type $text)
end

# ---- where we are ----

# What kind of command the words so far make: logoff, rwinsta, tsdiscon, tskill, msg, query, session, user, process.
function __logoff_kind
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    switch (path basename -- $words[1])
        case qwinsta
            echo session
        case quser
            echo user
        case qprocess
            echo process
        case query
            for word in (string lower -- $words[2..])
                if contains -- $word session user process
                    echo $word
                    return
                end
            end
            echo query
        case chglogon
            echo logon
        case change
            contains -- logon (string lower -- $words[2..]); and echo logon; or echo change
        case '*'
            path basename -- $words[1]
    end
end

function __logoff_is
    contains -- (__logoff_kind) $argv
end

# The word before the cursor without its quotes, of which one may be open.
function __logoff_word
    set --local word (commandline --current-token --cut-at-cursor)
    for end in '' "'" '"'
        string unescape -- $word$end; and return
    end
    printf '%s\n' $word
end

# The word before is an option with a slash, without a colon, of those given.
function __logoff_value_of
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    contains -- (string lower -- $words[-1]) $argv
end

# The number of arguments so far is that of which the first may still be completed.
function __logoff_wants_argument
    string match --quiet '/*' -- (__logoff_word); and return 1
    set --local kind (__logoff_kind)
    set --local words (commandline --tokenize --cut-at-cursor --current-process)[2..]
    set --local last (string lower -- $words[-1])
    contains -- "$kind$last" $__logoff_open_options; and return 1
    test $kind = msg; or return 0
    not string match --quiet --regex --invert '^[/-]' -- $words
end

function __logoff_arguments
    switch (__logoff_kind)
        case query
            printf '%s\n' session user process
        case change
            echo logon
        case session user
            __logoff_sessions id name user
        case process
            __logoff_sessions name user
            printf '*\tall processes\n'
        case msg
            __logoff_sessions id name user
            printf '*\teverybody\n'
        case logoff rwinsta tsdiscon
            __logoff_sessions id name
        case tskill
            command query process '*' --columns=command --no-legend 2>/dev/null | sort -u
    end
end

# ---- the completions ----

set --global __logoff_commands logoff rwinsta tsdiscon tskill msg query change qwinsta quser qprocess chglogon
set --global __logoff_open_options

# One option: for which kinds of command; /name; --name; -letter; what its value is ("-": it has none; with a comma:
# a list; in brackets: the one word that it may have, in the same argument); what it does.
function __logoff_option --argument-names kinds slash long letter value does
    set --local kind (string split , -- $kinds)
    set --local style -l $long
    test $letter = -; or set --append style -s $letter
    for command in $__logoff_commands
        set --local here complete -c $command -d $does
        set --local condition "__logoff_is $kind"
        set --local slashed "$condition; and string match --quiet '/*' -- (__logoff_word)"
        set --local word (string match --regex --groups-only '^\[(.*)\]$' -- $value)
        if test -n "$word"
            $here -n $condition $style -a $word
            $here -n $slashed -a "'/$slash' '/$slash:$word'"
        else if test $value = -
            $here -n $condition $style
            $here -n $slashed -a "'/$slash'"
        else
            $here -n $condition $style -x -a "(__logoff_list $value (string replace --regex '^--[a-z-]*=' '' -- (__logoff_word)))"
            $here -n $slashed -a "'/$slash:'"
            complete -c $command -n "$condition; and __logoff_value_of /$slash" -a "(__logoff_list $value (__logoff_word))"
            complete -c $command -n "$condition; and string match --quiet --ignore-case '/$slash:*' -- (__logoff_word)" \
                -a "/$slash:(__logoff_list $value (string replace --regex '^[^:]*:' '' -- (__logoff_word)))"
        end
    end
    string match --quiet --regex '^[-[]' -- $value; or set --global --append __logoff_open_options $kind/$slash
end

for command in $__logoff_commands
    complete -c $command -f
    complete -c $command -n __logoff_wants_argument -k -a '(__logoff_arguments)'
    complete -c $command -n "__logoff_is logoff msg; and string match --quiet '@*' -- (__logoff_word)" \
        -a '@(__fish_complete_path (string sub --start 2 -- (__logoff_word)))'
end

__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process,logon server server - host, 'Session hosts that are meant'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process logon logon U text 'Account that logs on to the server'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process authfile authentication-file A file 'File with name and password'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process kerberos use-kerberos - kerberos 'Whether Kerberos is used'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process ccache use-krb5-ccache - text 'Kerberos ticket cache'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process nopass no-pass N - 'Never ask for the password of the server'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process encrypt require-encryption - - 'Require that the whole connection is encrypted'
__logoff_option logoff,rwinsta,msg,session,user,process,logon parallel parallel - number 'How many hosts are asked at once'
__logoff_option logoff,rwinsta,msg,session,user,process,logon timeout timeout - seconds 'Seconds that a host may take to answer'
__logoff_option logoff,rwinsta,msg,session,user,process,logon allowunreachable allow-unreachable - - 'Do not count hosts that cannot be reached'
__logoff_option logoff user user - user, 'Select the sessions of this user'
__logoff_option logoff state state - state 'Select the sessions in this state'
__logoff_option logoff kind kind - kind 'Select the sessions of this kind'
__logoff_option logoff idle idle - time 'Select the sessions not used for this time'
__logoff_option logoff older older - time 'Select the sessions logged on this time ago'
__logoff_option logoff all all - - 'Select all sessions of people but your own'
__logoff_option logoff exclude exclude - exclude, 'Leave out a user, a group or a session'
__logoff_option logoff keep keep - program, 'Leave out the sessions in which this program runs'
__logoff_option logoff ifany if-any - - 'Count it as success if nothing is selected'
__logoff_option logoff drain drain - - 'Refuse new logons first'
__logoff_option logoff serial serial - number 'How many hosts are emptied at a time'
__logoff_option logoff dryrun dry-run n - 'Show what would be done'
__logoff_option logoff y yes y - 'Do not ask before several sessions are logged off'
__logoff_option logoff warn warn - time 'Warn the users and count down this time'
__logoff_option logoff message message - text 'Text to add to the warning'
__logoff_option logoff,tskill grace grace - seconds 'Seconds between request and kill'
__logoff_option logoff wait wait - seconds 'Longest seconds for one session'
__logoff_option logoff nodesktop no-desktop - - 'Do not ask desktops to log their users off first'
__logoff_option logoff,rwinsta console console - - 'Allow to log off the console session'
__logoff_option logoff,rwinsta reason reason - text 'Reason to record in the journal'
__logoff_option logoff,rwinsta noaskpassword no-ask-password - - 'Never ask for a password'
__logoff_option process,tskill id id - id 'Session whose processes are meant'
__logoff_option tskill a all a - 'End the processes of that name in all sessions'
__logoff_option msg time time - seconds 'Seconds to show the message and wait'
__logoff_option logoff,rwinsta,msg,session,user,process,logon json json - [lines] 'Print JSON'
__logoff_option session,user watch watch - - 'Show what begins, changes and goes'
__logoff_option session,user,process nolegend no-legend - - 'Print no headings'
__logoff_option session,user,process sort sort - sort 'Column to sort by'
__logoff_option session,user,process columns columns - column, 'Columns to show'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg v verbose v - 'Show each step'
__logoff_option msg w wait w - 'Wait for the answers'
__logoff_option logon query query - - 'Show whether new logons are accepted'
__logoff_option logon enable enable - - 'Accept new logons again'
__logoff_option logon disable disable - - 'Refuse logons until the next restart'
__logoff_option logon drain drain - - 'Refuse new sessions'
__logoff_option logon drainuntilrestart drain-until-restart - - 'Refuse new sessions until the next restart'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process,query,logon,change '?' help h - 'Show the help'
__logoff_option logoff,tsdiscon,tskill,rwinsta,msg,session,user,process,query,logon,change version version - - 'Show the version'
