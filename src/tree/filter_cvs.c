// SPDX-License-Identifier: GPL-2.0-or-later
/* What CVS ignores without being told: cvs(1), and what rsync(1) adds for its
 * successors (--cvs-exclude). */
#include "tree/filter_rule.h"

const char zc_filter_cvs_words[] =
    "RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo "
    "*~ #* .#* ,* _$* *$ *.old *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o "
    "*.obj *.so *.exe *.Z *.elc *.ln core .svn/ .git/ .hg/ .bzr/";
