# SPDX-License-Identifier: GPL-2.0-or-later
# What the system around zcsyncd reads. Everything goes below the prefix; the
# configuration is only an example there, since nobody's own is overwritten.

systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
sysctldir = $(prefix)/lib/sysctl.d
examplesdir = $(docdir)/examples
prometheusdir = $(examplesdir)/prometheus
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
vimsyntaxdir = $(datadir)/vim/vimfiles/syntax
vimftdetectdir = $(datadir)/vim/vimfiles/ftdetect
fishcompdir = $(datadir)/fish/vendor_completions.d

dist_systemdunit_DATA = %D%/zcsyncd.socket
bashcomp_DATA = contrib/completions/zcsync
zshcomp_DATA = contrib/completions/_zcsync
vimsyntax_DATA = contrib/vim/syntax/zcsync.vim
vimftdetect_DATA = contrib/vim/ftdetect/zcsync.vim
examples_DATA = contrib/wireshark/zcsync.lua
bin_SCRIPTS = contrib/zcsync-from-rsync
fishcomp_DATA = contrib/completions/zcsync.fish
dist_sysctl_DATA = %D%/60-zcsync-inotify.conf
dist_examples_DATA = %D%/zcsync.conf %D%/zcsyncd-user.conf %D%/zcsyncd-strict.conf
prometheus_DATA = contrib/prometheus/prometheus.yml \
	contrib/prometheus/zcsync.rules.yml \
	contrib/prometheus/zcsync.rules.test.yml \
	contrib/prometheus/zcsync.rules.days.test.yml \
	contrib/prometheus/zcsync.dashboard.json
EXTRA_DIST += %D%/zcsync.sysusers %D%/zcsync.tmpfiles %D%/zcsyncd.service

# These get another name, or another path in them.
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(tmpfilesdir)
	$(INSTALL_DATA) $(srcdir)/%D%/zcsync.sysusers \
		$(DESTDIR)$(sysusersdir)/zcsync.conf
	$(INSTALL_DATA) $(srcdir)/%D%/zcsync.tmpfiles \
		$(DESTDIR)$(tmpfilesdir)/zcsync.conf
	sed -e 's|/usr/sbin/|$(sbindir)/|' -e 's|/usr/bin/|$(bindir)/|' $(srcdir)/%D%/zcsyncd.service \
		>$(DESTDIR)$(systemdunitdir)/zcsyncd.service
	chmod 644 $(DESTDIR)$(systemdunitdir)/zcsyncd.service

uninstall-hook:
	rm -f $(DESTDIR)$(sysusersdir)/zcsync.conf \
		$(DESTDIR)$(tmpfilesdir)/zcsync.conf \
		$(DESTDIR)$(systemdunitdir)/zcsyncd.service
	find $(DESTDIR)$(docdir) -depth -type d -exec rmdir {} \; 2>/dev/null || :
