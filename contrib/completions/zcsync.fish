# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for fish: commands, options, mirrors. What there is is asked of the
# program itself, by its --help, as in those for bash and zsh next to this.

# __zcsync_options COMMAND...: "-x", "--name", "--no-name" or "--name=" and, behind a
# TAB, what it does, one a line
function __zcsync_options
    $argv --help 2>/dev/null | awk '
        # "  -x, --[no-]name=VALUE  what it does", the last perhaps in the next line
        function put_all(text,   i) {
            for (i = 1; i <= n; i++)
                print names[i] "\t" text
            n = 0
        }
        { indent = match($0, /[^ ]/) ? RSTART : 0 }
        n && indent > 7 {
            put_all(substr($0, indent))
            next
        }
        { put_all("") }
        indent < 3 || indent > 7 { next }
        {
            line = substr($0, indent)
            text = match(line, /   *[^ ]/) ? substr(line, RSTART + RLENGTH - 1) : ""
        }
        line ~ /^-[^-]/ {
            names[++n] = substr(line, 1, 2)
            sub(/^-.,? */, "", line)
        }
        match(line, /^--\[no-\][a-z0-9-]+/) {
            name = substr(line, 8, RLENGTH - 7)
            names[++n] = "--no-" name
        }
        match(line, /^--[a-zA-Z0-9-]+/) { name = substr(line, 3, RLENGTH - 2) }
        line ~ /^--/ {
            sub(/^--(\[no-\])?[a-zA-Z0-9-]+/, "", line)
            names[++n] = "--" name (line ~ /^=/ ? "=" : "")
        }
        n && text != "" { put_all(text) }
        END { put_all("") }' | sort -u
end

# "name" TAB "what it does", one a line
function __zcsync_commands
    zcsync help 2>/dev/null | awk '
        /^  zcsync [a-z-]+ / { print $2 "\t" substr($0, 49) }' | sort -u
end

function __zcsync_mirrors
    set -l words (commandline -opc)
    $words[1] status --json 2>/dev/null |
        sed -nE 's/^\{"mirror":"([^"\\\\]+)".*/\1/p'
end

# True when the word at the cursor is number N behind the program.
function __zcsync_at
    test (count (commandline -opc)) -eq $argv[1]
end

# True when the command is one of those.
function __zcsync_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

function __zcsync_own_options
    set -l words (commandline -opc)
    if test (count $words) -gt 1
        __zcsync_options $words[1] $words[2]
    else
        __zcsync_options $words[1]
    end
end

function __zcsync_at_option
    string match -q -- '-*' (commandline -ct)
end

complete -c zcsync -n '__zcsync_at 1' -f -a '(__zcsync_commands)'
complete -c zcsync -n '__zcsync_at 2; and __zcsync_is help; and not __zcsync_at_option' \
    -f -a '(__zcsync_commands)'
complete -c zcsync -n '__zcsync_at 2; and __zcsync_is key' -f -a 'show trust forget list'
complete -c zcsync -n '__zcsync_is status wait rescan pause resume release' -f
complete -c zcsync -n '__zcsync_is status wait rescan pause resume release' \
    -a '(__zcsync_mirrors)'
complete -c zcsync -n '__zcsync_is rescan; and not __zcsync_at 2' -F
complete -c zcsync -n __zcsync_at_option -f -a '(__zcsync_own_options)'
complete -c zcsyncd -n __zcsync_at_option -f -a '(__zcsync_options zcsyncd)'
