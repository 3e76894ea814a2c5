package org.sled.cli.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.sled.net.limit.Quoted;

/**
 * Finds models by their names on a hub: in the cache, or by fetching them into it. One thread at a
 * time; an interrupt of it stops all, and leaves what came for the next time.
 */
public final class Hub {
  /** The branch that is meant if none is named. */
  public static final String MAIN = "main";

  /** Files that are fetched at a time: more of them bring no more through one link. */
  private static final int FETCHED_AT_A_TIME = 3;

  private static final long STOP_SECONDS = 3;
  private static final double GIBI = 1 << 30;

  private final HubSettings settings;
  private final Patience patience;
  private final HubCache cache;
  private final HubHttp http;
  private final HubApi api;
  private final PullListener listener;

  /**
   * What became of a name.
   *
   * @param name as it was asked for
   * @param file the model's file, or the first of its files; null if there is a failure
   * @param failure null if there is a file
   */
  public record Found(HubName name, Path file, HubException failure) {}

  /** What is to be fetched for a name, or what was found already. */
  private static final class Plan {
    private final HubName name;
    private final String commit; // null if there is nothing to fetch
    private final List<RepoFile> files;
    private final List<Future<?>> downloads = new ArrayList<>();
    private Path file;
    private HubException failure;
    private boolean changed; // a file is not what the list says

    Plan(HubName name, String commit, List<RepoFile> files) {
      this.name = name;
      this.commit = commit;
      this.files = files;
    }
  }

  /**
   * A hub with its cache.
   *
   * @param environment for its settings and for proxies: the value of a variable, or null
   * @param version of this program, for the hub's statistics
   * @throws HubException if a variable is of no use
   */
  public Hub(UnaryOperator<String> environment, String version, PullListener listener) {
    this(environment, version, listener, Patience.USUAL);
  }

  Hub(UnaryOperator<String> environment, String version, PullListener listener, Patience patience) {
    this.settings = HubSettings.of(environment);
    this.patience = patience;
    this.listener = listener;
    cache = new HubCache(settings.cache());
    http = new HubHttp(settings, patience, new EnvironmentProxies(environment), version);
    api = new HubApi(http, listener);
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /**
   * A model from the cache, without asking anybody; else it is fetched.
   *
   * @throws HubException if it cannot be had
   */
  public Path find(HubName name, String revision) throws InterruptedException {
    HubCache.checkRevision(revision);
    Path cached = cache.find(name, revision);
    boolean settled =
        cached != null
            && (!name.quant().isEmpty() || GgufChoice.isMostPreferred(cache.path(name, cached)));
    if (settled) {
      return cached;
    }
    Found found = pull(List.of(name), revision).get(0);
    if (found.failure() != null) {
      throw found.failure();
    }
    return found.file();
  }

  /**
   * Fetches the newest version of models; what is in the cache serves where the hub cannot be
   * reached.
   *
   * @param revision a branch, a tag or a commit
   * @return what became of each name, in their order
   */
  public List<Found> pull(List<HubName> names, String revision) throws InterruptedException {
    HubCache.checkRevision(revision);
    List<Plan> plans = new ArrayList<>();
    for (HubName name : names) {
      plans.add(plan(name, revision));
    }
    fetch(plans);
    for (int i = 0; i < plans.size(); i++) {
      Plan plan = plans.get(i);
      if (plan.changed) {
        listener.note(plan.name.repo() + " changed meanwhile: reading its list of files again");
        Plan second = plan(plan.name, revision);
        fetch(List.of(second));
        if (second.changed) {
          second.failure =
              refused(
                  "a file of "
                      + plan.name.repo()
                      + " has another checksum than the hub's list says: try again later");
        }
        plans.set(i, second);
      }
    }
    List<Found> found = new ArrayList<>();
    for (Plan plan : plans) {
      finish(plan, revision);
      found.add(new Found(plan.name, plan.failure == null ? plan.file : null, plan.failure));
    }
    return found;
  }

  private Plan plan(HubName name, String revision) throws InterruptedException {
    Path cached = cache.find(name, revision);
    Plan done = new Plan(name, null, List.of());
    done.file = cached;
    if (cached != null && (settings.offline() || RepoFile.isSha1(revision))) {
      return done;
    }
    if (settings.offline()) {
      done.failure =
          refused(
              name
                  + " is not in "
                  + cache.root()
                  + ", and HF_HUB_OFFLINE forbids to fetch it: unset it, or name a file with"
                  + " --model");
      return done;
    }
    try {
      return plan(
          name, api.list(name.repo(), revision, cached == null ? patience.pageAttempts() : 1));
    } catch (HubException e) {
      if (cached != null && e.kind() == HubException.Kind.UNREACHABLE) {
        listener.note(
            settings.endpoint()
                + " cannot be reached; taking "
                + name
                + " from the cache: "
                + cached);
        return done;
      }
      done.failure = e;
      return done;
    }
  }

  private Plan plan(HubName name, HubApi.Listing listing) throws InterruptedException {
    String first = GgufChoice.find(listing.files().keySet(), name);
    if (first == null) {
      throw GgufChoice.notFound(listing.files().keySet(), name, "at this revision");
    }
    if (name.quant().isEmpty()) {
      listener.note(
          name.repo()
              + ": taking "
              + Quoted.line(first)
              + "; write :QUANT behind the name for another");
    }
    List<RepoFile> files = new ArrayList<>();
    for (String part : GgufChoice.parts(first)) {
      RepoFile file = listing.files().get(part);
      if (file == null) {
        throw refused(
            name.repo()
                + " lacks "
                + Quoted.of(part)
                + ", a part of the model: choose another file");
      }
      files.add(file.isComplete() ? file : api.complete(name.repo(), listing.commit(), file));
    }
    return new Plan(name, listing.commit(), files);
  }

  private void fetch(List<Plan> plans) throws InterruptedException {
    Map<String, Callable<Void>> wanted = new LinkedHashMap<>();
    Map<String, List<Plan>> plansOf = new LinkedHashMap<>();
    long bytes = 0;
    long there = 0;
    for (Plan plan : plans) {
      for (RepoFile file : plan.files) {
        String repo = plan.name.repo();
        String key = repo + "/" + file.sum();
        long here = BlobDownload.bytesHere(cache, repo, file);
        boolean missing = here < file.size() || !Files.isReadable(cache.blob(repo, file.sum()));
        if (missing && wanted.get(key) == null) {
          bytes += file.size();
          there += here;
          wanted.put(
              key,
              () -> {
                new BlobDownload(http, api, cache, listener, repo, plan.commit, file).run();
                return null;
              });
        }
        if (missing) {
          plansOf.computeIfAbsent(key, any -> new ArrayList<>()).add(plan);
        }
      }
    }
    if (wanted.isEmpty()) {
      return;
    }
    checkSpace(bytes - there);
    listener.begins(wanted.size(), bytes, there);
    ExecutorService workers =
        Executors.newFixedThreadPool(
            Math.min(FETCHED_AT_A_TIME, wanted.size()), daemon("sled-hub-fetch"));
    try {
      wanted.forEach(
          (key, task) -> {
            Future<?> future = workers.submit(task);
            plansOf.get(key).forEach(plan -> plan.downloads.add(future));
          });
      for (Plan plan : plans) {
        for (Future<?> download : plan.downloads) {
          await(plan, download);
        }
      }
    } finally {
      List<Runnable> unusedTasks = workers.shutdownNow();
      boolean interrupted = Thread.interrupted();
      try {
        boolean unusedEnd = workers.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void await(Plan plan, Future<?> download) throws InterruptedException {
    try {
      Object unused = download.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof BlobDownload.ChangedException) {
        plan.changed = true;
      } else if (cause instanceof HubException known) {
        plan.failure = plan.failure == null ? known : plan.failure;
      } else if (cause instanceof Error error) {
        throw error;
      } else {
        throw new IllegalStateException(cause);
      }
    }
  }

  private void checkSpace(long bytes) {
    try {
      Files.createDirectories(cache.root());
      long free = Files.getFileStore(cache.root()).getUsableSpace();
      if (free > 0 && free < bytes) {
        throw new HubException(
            HubException.Kind.STORAGE,
            String.format(
                Locale.ROOT,
                "%.1f GiB are to be fetched, and %s has %.1f GiB left: free some, or set"
                    + " HF_HUB_CACHE to another disk",
                bytes / GIBI,
                cache.root(),
                free / GIBI));
      }
    } catch (IOException e) {
      throw BlobDownload.storage(cache.root(), "a model", e, HubSettings.CACHE);
    }
  }

  /** Gives all files of a plan their names, and the commit its revision. */
  private void finish(Plan plan, String revision) {
    if (plan.failure != null || plan.commit == null) {
      return;
    }
    String repo = plan.name.repo();
    try {
      for (RepoFile file : plan.files) {
        Path link = cache.link(repo, plan.commit, file);
        plan.file = plan.file == null ? link : plan.file;
      }
      cache.refer(repo, revision, plan.commit);
    } catch (IOException e) {
      plan.failure = BlobDownload.storage(cache.root(), plan.name.toString(), e, HubSettings.CACHE);
    }
  }

  private static HubException refused(String message) {
    return new HubException(HubException.Kind.REFUSED, message);
  }
}
