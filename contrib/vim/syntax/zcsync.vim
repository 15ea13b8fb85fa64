" SPDX-License-Identifier: GPL-2.0-or-later
" Colours for zcsync.conf(5). The sections and their keys are those of the zcsync that is
" installed, which is asked for them, once; where there is none any key will do.

if exists('b:current_syntax')
  finish
endif
syntax case match

" {section: [key, ...]}, as 'zcsync check-config --help' lists them
function! s:Sections() abort
  let l:program = get(g:, 'zcsync_program', 'zcsync')
  let l:sections = {}
  let l:in = ''
  for l:line in executable(l:program)
        \ ? systemlist(shellescape(l:program) . ' check-config --help') : []
    let l:section = matchstr(l:line, '^\[\zs\l\+\ze[] ]')
    if l:section !=# ''
      let l:in = l:section
      let l:sections[l:in] = []
    elseif l:line =~# '^\S'
      let l:in = ''
    endif
    let l:key = matchstr(l:line, '^  \zs\l[a-z0-9 ]\{-}\ze = ')
    if l:in !=# '' && l:key !=# ''
      call add(l:sections[l:in], l:key)
    endif
  endfor
  return l:sections
endfunction

if !exists('g:zcsync_sections')
  let g:zcsync_sections = s:Sections()
endif

syntax match zcsyncWrong /^\s*[^#;[:space:]].*$/
syntax match zcsyncRemark /^\s*[#;].*$/
syntax match zcsyncValue /=\s*\zs.*$/ contained contains=zcsyncWord,zcsyncNumber
syntax match zcsyncWord /=\@1<=\s*\%(yes\|no\|none\|auto\|off\)\s*$/ contained
syntax match zcsyncNumber /=\@1<=\s*\d\+[A-Za-z]*\s*$/ contained

if empty(g:zcsync_sections)
  syntax match zcsyncSection /^\s*\[.*\]\s*$/
  syntax match zcsyncKey /^\s*\l[a-z0-9 ]*\ze\s*=/ nextgroup=zcsyncValue
else
  for [s:section, s:keys] in items(g:zcsync_sections)
    let s:in = 'zcsyncIn_' . s:section
    execute 'syntax match zcsyncSection contained /^\s*\[' . s:section . '\>.*\]\s*$/'
    execute 'syntax region ' . s:in . ' start=/^\s*\[' . s:section . '\>/'
          \ 'end=/^\ze\s*\[/ keepend transparent'
          \ 'contains=zcsyncSection,zcsyncRemark,zcsyncWrong,zcsyncKey_' . s:section
    if !empty(s:keys)
      execute 'syntax match zcsyncKey_' . s:section . ' contained'
            \ '/^\s*\%(' . join(map(copy(s:keys), 'escape(v:val, "/")'), '\|')
            \ . '\)\ze\s*=/ nextgroup=zcsyncValue'
      execute 'highlight default link zcsyncKey_' . s:section . ' Identifier'
    endif
  endfor
endif

highlight default link zcsyncSection Statement
highlight default link zcsyncKey Identifier
highlight default link zcsyncRemark Comment
highlight default link zcsyncValue String
highlight default link zcsyncWord Constant
highlight default link zcsyncNumber Number
highlight default link zcsyncWrong Error

let b:current_syntax = 'zcsync'
