package org.sled.server.verify;

import org.agrona.concurrent.NanoClock;
import org.sled.core.schedule.SessionBook;
import org.sled.core.schedule.WorkQueue;
import org.sled.jni.SledException;
import org.sled.jni.SledStatus;
import org.sled.net.protocol.Closed;
import org.sled.net.protocol.ErrorCode;
import org.sled.net.protocol.FrameHeader;
import org.sled.net.protocol.Push;
import org.sled.net.protocol.Resume;
import org.sled.net.protocol.TokenIds;
import org.sled.net.server.Connection;
import org.sled.server.kv.KvAllocator;
import org.sled.server.observe.BusyKind;
import org.sled.server.observe.ServerStats;
import org.sled.server.session.Command;
import org.sled.server.session.ServerSession;

/**
 * Carries out what devices ask for: sessions are opened, resumed, cancelled and closed, blocks and
 * pushes go to their sessions. Verifier thread only; blocks and pushes allocate nothing.
 */
final class SessionRequests {
  /** When to try again after more blocks than may wait: about the time of some steps. */
  private static final int BUSY_RETRY_MILLIS = 1_000;

  private final WorkQueue queue;
  private final KvAllocator kv;
  private final SessionBook book;
  private final SessionWork work;
  private final Quarantine quarantine;
  private final Admission admission;
  private final ArrivalPredictor returning;
  private final Replies replies;
  private final ServerStats stats;
  private final NanoClock clock;
  private final TenantNumbers tenants = new TenantNumbers();
  private final AbandonedPrompts abandoned = new AbandonedPrompts();

  private volatile boolean draining;

  SessionRequests(
      WorkQueue queue,
      KvAllocator kv,
      SessionBook book,
      SessionWork work,
      Quarantine quarantine,
      Admission admission,
      ArrivalPredictor returning,
      Replies replies,
      ServerStats stats,
      NanoClock clock) {
    this.queue = queue;
    this.kv = kv;
    this.book = book;
    this.work = work;
    this.quarantine = quarantine;
    this.admission = admission;
    this.returning = returning;
    this.replies = replies;
    this.stats = stats;
    this.clock = clock;
  }

  /** Those who wait for a session get none here any more; any thread. */
  void drain() {
    draining = true;
  }

  void handle(Command command) {
    if (command instanceof Command.VerifyBlock block) {
      onBlock(block);
    } else if (command instanceof Command.PushTokens push) {
      onPush(push.session(), push.push(), push.decodedNanos());
    } else if (command instanceof Command.OpenSession open) {
      onOpen(open);
    } else if (command instanceof Command.ResumeSession resume) {
      onResume(resume);
    } else if (command instanceof Command.CancelSession cancel) {
      onCancel(cancel.session(), cancel.epoch());
    } else if (command instanceof Command.CloseSession close) {
      onClose(close.session());
    }
  }

  /** A connection is gone, with all its sessions. */
  void onGone(Connection connection) {
    kv.forEach(
        session -> {
          if (session.connection == connection) {
            free(session);
          }
        });
    admission.gone(connection, clock.nanoTime());
    abandoned.gone(connection);
    returning.gone(connection);
  }

  /** Those who wait get what has become free. */
  void admit() {
    if (admission.isEmpty()) {
      return;
    }
    if (draining) {
      admission.sendAway(clock.nanoTime());
    }
    Command.OpenSession next = admission.next(kv.openCount(), clock.nanoTime());
    while (next != null) {
      open(next);
      next = admission.next(kv.openCount(), clock.nanoTime());
    }
    admission.tell(clock.nanoTime());
  }

  /** Ends a session: its numbers, its K/V and what it has in the work queue are free. */
  void free(ServerSession session) {
    quarantine.clear(session);
    queue.remove(session.number);
    if (!returning.isAwaited(session.number)) {
      book.forget(session.number);
    }
    kv.close(session);
    tenants.closed(session.connection);
    admission.ended(clock.nanoTime() - session.openedNanos);
    session.closed();
    stats.sessionClosed();
  }

  /** The server ends: all sessions are closed, and nobody waits. */
  void close() {
    admission.sendAway(clock.nanoTime());
    kv.forEach(
        session -> {
          session.closed();
          stats.sessionClosed();
        });
  }

  // ---------------------------------------------------------------- opening

  private void onOpen(Command.OpenSession command) {
    ServerSession session = command.session();
    session.askedNanos = command.decodedNanos();
    if (isGone(session)) {
      return;
    }
    int waitMillis = abandoned.waitMillis(session.connection, clock.nanoTime());
    if (waitMillis > 0) {
      refuseAbandoner(session, waitMillis);
    } else if (admission.hasRoom(kv.openCount())) {
      open(command);
    } else {
      admission.hold(command);
    }
  }

  private void refuseAbandoner(ServerSession session, int waitMillis) {
    session.closed();
    stats.busy(BusyKind.ABANDONED);
    replies.busy(
        session,
        0,
        waitMillis,
        "this connection has closed many sessions before their first tokens, and opens no more for"
            + " a while");
  }

  private void open(Command.OpenSession command) {
    ServerSession session = command.session();
    if (isGone(session)) {
      return;
    }
    try {
      kv.open(session, command);
    } catch (SledException e) {
      session.closed();
      if (e.status() == SledStatus.NO_SEQUENCE) {
        admission.refuse(session);
      } else {
        replies.error(session, 0, errorCodeOf(e.status()), e.getMessage());
      }
      return;
    }
    session.tenant = tenants.opened(session.connection);
    returning.asked(session.number, session.connection, session.askedNanos);
    book.opened(session.number);
    session.decodedNanos = command.decodedNanos();
    session.openedNanos = clock.nanoTime();
    stats.sessionOpened();
    work.want(session, ServerSession.Wants.FIRST_TOKEN);
  }

  private static ErrorCode errorCodeOf(SledStatus status) {
    return switch (status) {
      case TOKEN -> ErrorCode.TOKEN_RANGE;
      case CONTEXT_FULL -> ErrorCode.PROMPT_TOO_LONG;
      case ARGUMENT -> ErrorCode.MALFORMED;
      default -> ErrorCode.INTERNAL;
    };
  }

  /**
   * A stream without its tokens: where an earlier session has them, it is like an OPEN with them.
   */
  private void onResume(Command.ResumeSession command) {
    ServerSession session = command.session();
    Resume resume = command.resume();
    if (isGone(session)) {
      return;
    }
    if (!admission.hasRoom(kv.openCount()) && !resume.open().waits()) {
      admission.refuse(session); // before it is looked for
      return;
    }
    TokenIds tokens = kv.find(resume.secret(), resume.open().promptTokensTotal(), resume.digest());
    if (tokens == null) {
      session.closed();
      replies.error(
          session,
          0,
          ErrorCode.RESUME_TOKENS,
          "this stream is not here; send its tokens with the RESUME");
      return;
    }
    session.secret = resume.secret();
    onOpen(new Command.OpenSession(session, resume.open(), tokens, command.decodedNanos()));
  }

  /**
   * Whether nothing is to be begun for it: its connection is gone, whose end may have been handled
   * before, so that nobody would free it; or its CLOSE is in the inbox already.
   */
  private static boolean isGone(ServerSession session) {
    boolean gone = session.connection.isClosed() || session.isLeaving();
    if (gone) {
      session.closed();
    }
    return gone;
  }

  // ---------------------------------------------------------------- rounds

  private void onBlock(Command.VerifyBlock command) {
    ServerSession session = command.session();
    if (!session.isOpen()) {
      int round = FrameHeader.round(command.draft());
      command.draft().release();
      replies.error(session, round, ErrorCode.UNKNOWN_SESSION, "the session is not open");
      return;
    }
    if (!session.addWaiting(command.draft(), command.decodedNanos())) {
      int round = FrameHeader.round(command.draft());
      command.draft().release();
      stats.busy(BusyKind.BLOCKS);
      replies.busy(
          session,
          round,
          BUSY_RETRY_MILLIS,
          "more than " + ServerSession.MAX_WAITING_BLOCKS + " blocks of the session wait");
      return;
    }
    work.advance(session);
  }

  private void onPush(ServerSession session, Push push, long decodedNanos) {
    if (!session.isOpen()) {
      replies.error(session, 0, ErrorCode.UNKNOWN_SESSION, "the session is not open");
    } else if (push.epoch() > session.epoch) {
      replies.error(session, 0, ErrorCode.EPOCH, "epoch " + push.epoch() + " was not opened");
    } else if (push.epoch() == session.epoch) {
      if (push.credit() == 0) {
        work.stopPush(session);
        return;
      }
      if (push.kvOffset() < 0 || push.kvOffset() >= session.committedLength()) {
        replies.error(
            session,
            0,
            ErrorCode.OFFSET,
            "PUSH at position " + push.kvOffset() + " of " + session.committedLength());
        return;
      }
      // More than the limit of an int is as good as the limit; so is a credit that reads negative.
      long credit = session.pushCredit + Integer.toUnsignedLong(push.credit());
      session.pushCredit = (int) Math.min(Integer.MAX_VALUE, credit);
      session.pushDecodedNanos = decodedNanos;
      book.forget(session.number);
      work.advance(session);
    }
  }

  // ---------------------------------------------------------------- ending

  private void onCancel(ServerSession session, int epoch) {
    if (!session.isOpen() && epoch == session.epoch) {
      admission.withdraw(session, clock.nanoTime());
    } else if (session.isOpen() && epoch == session.epoch) {
      session.pushCredit = 0;
      session.releaseBlocks();
      book.forget(session.number);
      if (session.wants != ServerSession.Wants.FIRST_TOKEN) {
        work.withdraw(session);
      }
    }
  }

  private void onClose(ServerSession session) {
    int committed = session.committedLength();
    if (session.isOpen()) {
      if (session.wants == ServerSession.Wants.FIRST_TOKEN) {
        abandoned.abandoned(session.connection, clock.nanoTime());
      }
      free(session);
    } else {
      admission.withdraw(session, clock.nanoTime());
    }
    session.connection.send(new Closed(session.id, session.epoch, committed));
  }
}
