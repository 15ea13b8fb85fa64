# SPDX-License-Identifier: GPL-2.0-or-later
# Programs for the tests; the scripts in t/ and the seeds need no list.

UNIT_TESTS = \
	%D%/unit/test_aead \
	%D%/unit/test_base \
	%D%/unit/test_anchors \
	%D%/unit/test_basis \
	%D%/unit/test_bench \
	%D%/unit/test_blocks \
	%D%/unit/test_cached \
	%D%/unit/test_changes \
	%D%/unit/test_chmod \
	%D%/unit/test_clones \
	%D%/unit/test_command \
	%D%/unit/test_compare \
	%D%/unit/test_conf \
	%D%/unit/test_conn \
	%D%/unit/test_control \
	%D%/unit/test_deletions \
	%D%/unit/test_dial \
	%D%/unit/test_direct \
	%D%/unit/test_digests \
	%D%/unit/test_dirnode \
	%D%/unit/test_dirty \
	%D%/unit/test_dirty_model \
	%D%/unit/test_disguise \
	%D%/unit/test_endpoint \
	%D%/unit/test_example \
	%D%/unit/test_fence \
	%D%/unit/test_fileflags \
	%D%/unit/test_fileset \
	%D%/unit/test_filter \
	%D%/unit/test_filter_dir \
	%D%/unit/test_filter_moved \
	%D%/unit/test_filter_rsync \
	%D%/unit/test_frame \
	%D%/unit/test_guard \
	%D%/unit/test_handshake \
	%D%/unit/test_handshakes \
	%D%/unit/test_hash \
	%D%/unit/test_hello \
	%D%/unit/test_holds \
	%D%/unit/test_idmap \
	%D%/unit/test_itemize \
	%D%/unit/test_keys \
	%D%/unit/test_known_peers \
	%D%/unit/test_ktls \
	%D%/unit/test_lanes \
	%D%/unit/test_lease \
	%D%/unit/test_ledger \
	%D%/unit/test_meta \
	%D%/unit/test_mirror \
	%D%/unit/test_mirror_young \
	%D%/unit/test_mounts \
	%D%/unit/test_mover_faults \
	%D%/unit/test_mover \
	%D%/unit/test_msg \
	%D%/unit/test_names \
	%D%/unit/test_nametab \
	%D%/unit/test_nest \
	%D%/unit/test_noise \
	%D%/unit/test_notify \
	%D%/unit/test_opt \
	%D%/unit/test_places \
	%D%/unit/test_partial \
	%D%/unit/test_peer_user \
	%D%/unit/test_progress \
	%D%/unit/test_reach \
	%D%/unit/test_receiver_hardlinks \
	%D%/unit/test_receivers \
	%D%/unit/test_remove \
	%D%/unit/test_roles \
	%D%/unit/test_rootdir \
	%D%/unit/test_sandbox \
	%D%/unit/test_compress \
	%D%/unit/test_sealed \
	%D%/unit/test_suffix \
	%D%/unit/test_web \
	%D%/unit/test_worth \
	%D%/unit/test_wrap \
	%D%/unit/test_segment \
	%D%/unit/test_sender_lists \
	%D%/unit/test_sender_retries \
	%D%/unit/test_sender_segments \
	%D%/unit/test_serve \
	%D%/unit/test_session \
	%D%/unit/test_room \
	%D%/unit/test_size \
	%D%/unit/test_ssh_config \
	%D%/unit/test_ssh_ctr \
	%D%/unit/test_ssh_known_hosts \
	%D%/unit/test_ssh_stderr \
	%D%/unit/test_staging \
	%D%/unit/test_status \
	%D%/unit/test_stop_time \
	%D%/unit/test_trash \
	%D%/unit/test_transport \
	%D%/unit/test_unsynced \
	%D%/unit/test_userpath \
	%D%/unit/test_verify \
	%D%/unit/test_waits \
	%D%/unit/test_watch \
	%D%/unit/test_watch_model \
	%D%/unit/test_watch_tree \
	%D%/unit/test_wildmatch \
	%D%/unit/test_xattr

FUZZ_TARGETS = \
	%D%/fuzz/fuzz_args \
	%D%/fuzz/fuzz_changes \
	%D%/fuzz/fuzz_chmod \
	%D%/fuzz/fuzz_compress \
	%D%/fuzz/fuzz_conf \
	%D%/fuzz/fuzz_control \
	%D%/fuzz/fuzz_direct \
	%D%/fuzz/fuzz_disguise \
	%D%/fuzz/fuzz_endpoint \
	%D%/fuzz/fuzz_fanotify \
	%D%/fuzz/fuzz_fileset \
	%D%/fuzz/fuzz_filter \
	%D%/fuzz/fuzz_filter_dir \
	%D%/fuzz/fuzz_forker \
	%D%/fuzz/fuzz_frame \
	%D%/fuzz/fuzz_handshake \
	%D%/fuzz/fuzz_handshake_answer \
	%D%/fuzz/fuzz_hello \
	%D%/fuzz/fuzz_idrules \
	%D%/fuzz/fuzz_inotify \
	%D%/fuzz/fuzz_keys \
	%D%/fuzz/fuzz_lanes \
	%D%/fuzz/fuzz_known_peers \
	%D%/fuzz/fuzz_leftovers \
	%D%/fuzz/fuzz_look \
	%D%/fuzz/fuzz_mounts \
	%D%/fuzz/fuzz_msg \
	%D%/fuzz/fuzz_noise \
	%D%/fuzz/fuzz_notes \
	%D%/fuzz/fuzz_output \
	%D%/fuzz/fuzz_proc \
	%D%/fuzz/fuzz_sealed \
	%D%/fuzz/fuzz_session \
	%D%/fuzz/fuzz_ssh_config \
	%D%/fuzz/fuzz_ssh_key \
	%D%/fuzz/fuzz_ssh_known_hosts \
	%D%/fuzz/fuzz_terms \
	%D%/fuzz/fuzz_told \
	%D%/fuzz/fuzz_unsynced \
	%D%/fuzz/fuzz_verify \
	%D%/fuzz/fuzz_web \
	%D%/fuzz/fuzz_words \
	%D%/fuzz/fuzz_xattr

# What scripts in t/ run beside zcsync, and what writes the seeds.
TEST_TOOLS = \
	%D%/fuzz/make_seeds \
	%D%/tools/aead-speed \
	%D%/tools/churn \
	%D%/tools/evil-puller \
	%D%/tools/evil-receiver \
	%D%/tools/evil-sender \
	%D%/tools/evil-sharer \
	%D%/tools/delay-link \
	%D%/tools/latency \
	%D%/tools/meddle \
	%D%/tools/rounds \
	%D%/tools/sk-agent \
	%D%/tools/sshpipe \
	%D%/tools/watch-speed \
	%D%/tools/witness

if HAVE_FUSE3
TEST_TOOLS += %D%/tools/foldfs
%C%_tools_foldfs_CPPFLAGS = $(FUSE3_CFLAGS) $(AM_CPPFLAGS)
%C%_tools_foldfs_LDADD = $(FUSE3_LIBS)
endif

noinst_HEADERS += \
	%D%/tools/churn-files.h \
	%D%/tools/churn-links.h \
	%D%/tools/churn.h \
	%D%/tools/evil-delta.h \
	%D%/tools/evil-digests.h \
	%D%/tools/evil-files.h \
	%D%/tools/evil-links.h \
	%D%/tools/evil-lists.h \
	%D%/tools/evil-open.h \
	%D%/tools/evil-pull.h \
	%D%/tools/evil-receiver-delta.h \
	%D%/tools/evil-receiver-digests.h \
	%D%/tools/evil-receiver-rounds.h \
	%D%/tools/evil-rounds.h \
	%D%/tools/evil-sender.h \
	%D%/tools/evil-streams.h \
	%D%/tools/evil.h \
	%D%/tools/version.h \
	%D%/unit/attrs.h \
	%D%/unit/fakewatch.h \
	%D%/unit/hex.h \
	%D%/unit/receiving.h \
	%D%/unit/scratch.h \
	%D%/unit/transports.h \
	%D%/unit/tlspeer.h \
	%D%/unit/watching.h \
	%D%/fuzz/formats.h \
	%D%/fuzz/leftovers.h \
	%D%/fuzz/session_peer.h \
	%D%/fuzz/session_place.h \
	%D%/fuzz/watch_place.h \
	%D%/wire.h

EXTRA_DIST += %D%/SkipSummary.pm %D%/bench %D%/compilers %D%/fuzz/corpus %D%/ktls \
	%D%/tools/record-sessions.pl %D%/run-all %D%/run-one %D%/t %D%/tools/activate.pl \
	%D%/tools/browser.pl %D%/tools/errno-sweep.pl %D%/tools/notify.pl \
	%D%/tools/other-version.pl %D%/tools/relay.pl %D%/tools/stamps.pl

if WITH_FUZZ
check_PROGRAMS += $(FUZZ_TARGETS)
LDADD = $(FUZZ_ENGINE) libzcsync.a $(ZC_LIBS)
else
check_PROGRAMS += $(UNIT_TESTS) $(FUZZ_TARGETS) $(TEST_TOOLS)
check_LIBRARIES += %D%/libtap.a %D%/fuzz/libreplay.a
LDADD = %D%/libtap.a %D%/fuzz/libreplay.a libzcsync.a $(ZC_LIBS)
endif

%C%_libtap_a_SOURCES = %D%/tap.c %D%/tap.h
%C%_fuzz_libreplay_a_SOURCES = %D%/fuzz/replay.c

# Builds what the tests need and runs none of them.
.PHONY: check-programs
check-programs: $(check_PROGRAMS)

if WITH_FUZZ
check-local:
	@echo 'This build is for "make fuzz"; run the tests in an ordinary one.'
	@exit 1
else
check-local:
	$(srcdir)/%D%/run-all . -- $(PROVE_FLAGS)
endif

# Each target for FUZZ_SECONDS, on from the seeds; what is found stays in
# fuzz-NAME/ below the build directory, crashes included. One that has found
# something does not keep the others from their turn.
FUZZ_SECONDS = 60
.PHONY: fuzz
if WITH_FUZZ
fuzz: $(FUZZ_TARGETS)
	@bad= && top=`cd $(srcdir) && pwd` && for target in $(FUZZ_TARGETS); do \
		name=`basename $$target | sed 's/^fuzz_//'`; \
		echo "== $$name, $(FUZZ_SECONDS) seconds"; \
		mkdir -p fuzz-$$name && $$target -max_total_time=$(FUZZ_SECONDS) \
			-print_final_stats=1 -artifact_prefix=fuzz-$$name/ \
			-rss_limit_mb=1024 -timeout=60 \
			fuzz-$$name $$top/%D%/fuzz/corpus/$$name || \
			bad="$$bad $$name"; \
	done; \
	test -z "$$bad" || { echo "findings in:$$bad" >&2; exit 1; }
else
fuzz:
	@echo 'make fuzz needs a build of its own:'
	@echo '    mkdir build-fuzz && cd build-fuzz'
	@echo '    ../configure --enable-fuzz CC=clang && make fuzz'
	@exit 1
endif

# A night of it, in a build of its own below this one.
FUZZ_NIGHT_SECONDS = 1000
.PHONY: check-fuzz
check-fuzz:
	mkdir -p $(top_builddir)/night && cd $(top_builddir)/night && \
		{ test -f Makefile || \
			$(abs_top_srcdir)/configure --enable-fuzz CC=clang; } && \
		$(MAKE) fuzz FUZZ_SECONDS=$(FUZZ_NIGHT_SECONDS)
