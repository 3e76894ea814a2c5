package org.sled.device;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.sled.core.draft.DraftExperience;
import org.sled.device.draft.BlockDrafter;
import org.sled.device.draft.DraftPolicy;
import org.sled.device.draft.DraftTokens;
import org.sled.device.draft.Drafter;
import org.sled.device.draft.DrafterPool;
import org.sled.device.draft.Drafting;
import org.sled.device.draft.ExperienceCache;
import org.sled.device.draft.ModelBlockDrafter;
import org.sled.device.draft.NativeDrafter;
import org.sled.device.draft.Pace;
import org.sled.device.draft.PacedDrafter;
import org.sled.device.draft.PausableDrafting;
import org.sled.device.draft.PromptLookupDrafter;
import org.sled.device.link.ServerCheck;
import org.sled.device.link.ServerLink;
import org.sled.device.link.ServerOrder;
import org.sled.device.link.SessionInbox;
import org.sled.device.link.SessionRouter;
import org.sled.device.link.Timeouts;
import org.sled.device.link.Uplink;
import org.sled.device.link.Uplinks;
import org.sled.device.session.DraftLoop;
import org.sled.device.session.DraftThread;
import org.sled.device.session.Generations;
import org.sled.device.session.Patience;
import org.sled.device.stream.GenerationMeter;
import org.sled.device.stream.TokenHistory;
import org.sled.device.stream.TokenStream;
import org.sled.device.text.Prompts;
import org.sled.device.text.StopFinder;
import org.sled.device.text.StopTokens;
import org.sled.device.text.TextDecoder;
import org.sled.device.vocabulary.TargetVocabulary;
import org.sled.device.vocabulary.VocabularyCache;
import org.sled.jni.ChatMessage;
import org.sled.jni.ChatOptions;
import org.sled.jni.Detokenizer;
import org.sled.jni.Model;
import org.sled.jni.NativeThread;
import org.sled.jni.Prompt;
import org.sled.jni.SledException;
import org.sled.net.client.ClientConnection;
import org.sled.net.client.ClientTransport;
import org.sled.net.protocol.Hello;
import org.sled.net.protocol.Limits;
import org.sled.net.protocol.Open;
import org.sled.net.protocol.TokenIds;
import org.sled.net.protocol.TokenizerFingerprint;
import org.sled.net.protocol.Welcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device's way to its servers, with the draft model that it uses. Any thread may use it; any
 * number of generations may run at a time, each with a draft context and a draft thread of its own.
 *
 * <p>It has one connection at a time. When that is lost, or the server announces to leave, the next
 * one goes to whichever of its servers answers, and generations go on over it ({@link Outage}).
 *
 * <p>The model stays the caller's: close it after the client. Without one, a client can have its
 * tokenizer from the server, and draft by what was said before ({@link Builder#promptLookup}).
 */
public final class SledClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SledClient.class);

  private final Builder options;
  private final ClientTransport transport; // null: the caller's
  private final Uplinks uplinks;
  private final TargetVocabulary vocabulary;
  private final DrafterPool drafters; // null: the server generates alone
  private final PausableDrafting policy; // learns from all generations
  private final ExperienceCache experience;
  private final String pair; // of draft model and target; null: nothing is kept of it
  private final AtomicInteger lastSession = new AtomicInteger();
  private final Generations generations = new Generations();

  private SledClient(
      Builder options, ClientTransport transport, Uplinks uplinks, TargetVocabulary vocabulary) {
    this.options = options;
    this.transport = transport;
    this.uplinks = uplinks;
    this.vocabulary = vocabulary;
    Welcome welcome = welcome();
    experience = new ExperienceCache(options.experienceDirectory);
    pair = options.pair(welcome);
    policy =
        new PausableDrafting(
            options.drafting.createPolicy(
                pair == null ? DraftExperience.NONE : experience.read(pair)));
    int contextTokens = Math.min(welcome.limits().contextTokens(), options.draftContextTokens);
    IntFunction<BlockDrafter> maker = drafterMaker(options, welcome, vocabulary.draftTokens());
    drafters =
        maker == null
            ? null
            : new DrafterPool(() -> maker.apply(contextTokens), DrafterPool.USUAL_IDLE);
  }

  private Welcome welcome() {
    return uplinks.newest().connection().welcome();
  }

  /** From the server's context length; null if this client cannot draft. */
  private static IntFunction<BlockDrafter> drafterMaker(
      Builder options, Welcome welcome, DraftTokens draftTokens) {
    if (options.blockDrafterMaker != null || options.drafterMaker == null) {
      return options.blockDrafterMaker;
    }
    int vocabularySize = welcome.fingerprint().vocabularySize();
    return contextTokens -> {
      BlockDrafter drafter =
          new ModelBlockDrafter(
              options.drafterMaker.apply(contextTokens), vocabularySize, draftTokens);
      return options.draftTokensPerSecond > 0
          ? new PacedDrafter(new Pace(), drafter, options.draftTokensPerSecond)
          : drafter;
    };
  }

  /** A client to be set up. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects how to connect; not thread-safe. */
  public static final class Builder {
    private List<InetSocketAddress> servers =
        List.of(InetSocketAddress.createUnresolved("127.0.0.1", 7411));
    private String serverKey = UUID.randomUUID().toString();
    private Outage outage = Outage.WAIT;
    private Duration outageTimeout = Duration.ofMinutes(5);
    private Busy busy = Busy.WAIT;
    private Duration busyTimeout = Duration.ofMinutes(5);
    private Model tokenizer;
    private TokenizerFingerprint fingerprint; // that a server must have; null: any
    private IntFunction<Drafter> drafterMaker; // from the server's context length
    private IntFunction<BlockDrafter> blockDrafterMaker; // instead of that one
    private boolean promptLookup;
    private Path vocabularyCache = VocabularyCache.defaultDirectory();
    private Path experienceDirectory;
    private ClientTransport sharedTransport;
    private Supplier<IntFunction<String>> detokenizers; // one per text; null without a tokenizer
    private Drafting drafting = Drafting.DEFAULT;
    private int draftThreads = 1;
    private int draftContextTokens = Integer.MAX_VALUE;
    private double draftTokensPerSecond;
    private boolean exactDrafts;
    private boolean givesWay;
    private String authToken = "";
    private String clientName = "sled-device";
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration answerTimeout = Duration.ofMinutes(5);

    private Builder() {}

    /** Where the server listens. A name with several addresses stands for several servers. */
    public Builder server(String newHost, int newPort) {
      return servers(List.of(InetSocketAddress.createUnresolved(newHost, newPort)));
    }

    /**
     * Where several servers of the same target listen. Each client prefers one of them ({@link
     * #serverKey}), and turns to the others when it has to.
     *
     * @param newServers at least one; unresolved, so that their names are looked up when needed
     */
    public Builder servers(List<InetSocketAddress> newServers) {
      if (newServers.isEmpty()) {
        throw new IllegalArgumentException("there is no server to connect to");
      }
      servers = List.copyOf(newServers);
      return this;
    }

    /**
     * Clients of the same key prefer the same one of several servers; by default each client has a
     * key of its own, so that they spread.
     */
    public Builder serverKey(String key) {
      serverKey = key;
      return this;
    }

    /**
     * What generations do while no server is there; {@link Outage#WAIT} by default. Unless it is
     * {@link Outage#FAIL}, {@link #connect} tries again where a connection is lost before it can be
     * used; but only for some seconds where what listens there never says WELCOME.
     */
    public Builder outage(Outage newOutage) {
      outage = newOutage;
      return this;
    }

    /** How long they do that, before they fail after all, above 0; 5 minutes by default. */
    public Builder outageTimeout(Duration timeout) {
      outageTimeout = Timeouts.of("outageTimeout", timeout);
      return this;
    }

    /** What generations do while no server has room for them; {@link Busy#WAIT} by default. */
    public Builder busy(Busy newBusy) {
      busy = newBusy;
      return this;
    }

    /**
     * How long they wait for room, before they fail with a {@link BusyException} after all; 5
     * minutes by default.
     */
    public Builder busyTimeout(Duration timeout) {
      busyTimeout = timeout;
      return this;
    }

    private Patience patience() {
      return new Patience(
          outage, outage == Outage.FAIL ? connectTimeout : outageTimeout, busy, busyTimeout);
    }

    /**
     * The model that drafts. One that is opened for its vocabulary alone cannot draft; without any,
     * requests must ask for 0 draft tokens.
     *
     * <p>Its tokenizer turns text into tokens if it is the target's. If not, {@link #connect} gets
     * the target's from the server ({@link #vocabularyCache}) and compares the two vocabularies:
     * where at least nine tenths of the target's ids are the same token in both, these are drafted
     * and the others are not, which a warning says. The text is the target's all the same.
     */
    public Builder draftModel(Model model) {
      tokenizer = model;
      fingerprint = null;
      detokenizers = () -> new Detokenizer(model)::feed;
      drafterMaker =
          model.info().vocabularyOnly()
              ? null
              : contextTokens -> new NativeDrafter(model, contextTokens, draftThreads, exactDrafts);
      return this;
    }

    /**
     * Drafts without a draft model: what followed when the last few tokens were said before, in the
     * prompt or since. Good for texts that repeat what they were given, such as summaries and
     * edits, and costs next to nothing.
     *
     * <p>The tokenizer is that of {@link #draftModel}, which is not used otherwise; without any, or
     * where it is not the target's, that is fetched from the server by {@link #connect} and kept
     * ({@link #vocabularyCache}).
     */
    public Builder promptLookup() {
      promptLookup = true;
      blockDrafterMaker = contextTokens -> new PromptLookupDrafter();
      return this;
    }

    /**
     * Where vocabularies that were fetched are kept: by default where {@code
     * -Dsled.vocabulary.cache} says, else in {@code $XDG_CACHE_HOME/sled/vocabularies} or {@code
     * ~/.cache/sled/vocabularies}; null for nowhere.
     */
    public Builder vocabularyCache(Path directory) {
      vocabularyCache = directory;
      return this;
    }

    /**
     * Where it is kept how often the draft model's tokens were right for this target, and how long
     * one took, so that the next client of the pair begins with that: a text file of some 100 bytes
     * for each pair. Null, the default, for nowhere.
     */
    public Builder experienceDirectory(Path directory) {
      experienceDirectory = directory;
      return this;
    }

    /** A name of what drafts here for what; null if nothing is to be remembered of that. */
    private String pair(Welcome welcome) {
      boolean drafts = drafterMaker != null || promptLookup;
      if (experienceDirectory == null || !drafts || draftTokensPerSecond > 0) {
        return null;
      }
      long draft = promptLookup || tokenizer == null ? 0 : tokenizer.info().weightsHash();
      return String.format(
          "%016x-%016x-%d", welcome.numericsId(), draft, promptLookup ? 0 : draftThreads);
    }

    /**
     * Drafts of another kind than a draft model's; for measurements. This client has no tokenizer
     * then: prompts are token ids.
     *
     * @param newFingerprint of the vocabulary that the drafts are from
     * @param maker makes one drafter for each generation at a time, from the tokens that a session
     *     of the server holds
     */
    public Builder blockDrafters(
        TokenizerFingerprint newFingerprint, IntFunction<BlockDrafter> maker) {
      tokenizer = null;
      detokenizers = null;
      fingerprint = newFingerprint;
      blockDrafterMaker = maker;
      return this;
    }

    /** Event loops that several clients share; they stay the caller's. By default one's own. */
    public Builder transport(ClientTransport transport) {
      sharedTransport = transport;
      return this;
    }

    /** A scripted draft model; for tests. */
    Builder drafter(TokenizerFingerprint newFingerprint, IntFunction<Drafter> maker) {
      fingerprint = newFingerprint;
      drafterMaker = maker;
      return this;
    }

    /** A scripted tokenizer's way back to text; for tests. */
    Builder detokenizer(Supplier<IntFunction<String>> newDetokenizers) {
      detokenizers = newDetokenizers;
      return this;
    }

    /**
     * Whether the draft model computes as an exact server does; false by default. A draft model
     * that is the server's target then has every draft accepted. It costs a little, and {@link
     * #connect} refuses a server that does not compute so.
     */
    public Builder exactDrafts(boolean value) {
      exactDrafts = value;
      return this;
    }

    /**
     * Slows drafting down to this many tokens per second; for measurements. 0, the default, for as
     * fast as it goes.
     */
    public Builder draftTokensPerSecond(double tokensPerSecond) {
      if (!(tokensPerSecond >= 0)) {
        throw new IllegalArgumentException("draftTokensPerSecond is " + tokensPerSecond);
      }
      draftTokensPerSecond = tokensPerSecond;
      return this;
    }

    /** How many tokens are drafted per block, and how many blocks are in flight. */
    public Builder drafting(Drafting newDrafting) {
      drafting = newDrafting;
      return this;
    }

    /** Short for {@code drafting(Drafting.of(policy))}. */
    public Builder draftPolicy(DraftPolicy policy) {
      return drafting(Drafting.of(policy));
    }

    /** Threads of each draft context, 1 by default; 0 for all cores. */
    public Builder draftThreads(int threads) {
      if (threads < 0) {
        throw new IllegalArgumentException("draftThreads is " + threads + ", below 0");
      }
      draftThreads = threads;
      return this;
    }

    /**
     * Tokens that a draft context holds at most, which bounds its K/V memory; as many as a session
     * of the server by default. A text that becomes longer is left to the server from there on.
     */
    public Builder draftContextTokens(int tokens) {
      if (tokens < 1) {
        throw new IllegalArgumentException("draftContextTokens is " + tokens + ", below 1");
      }
      draftContextTokens = tokens;
      return this;
    }

    /**
     * Whether drafting gives way to everything else on this machine; false by default. For devices
     * that share their machine with the server, or with somebody's work.
     */
    public Builder givesWay(boolean value) {
      givesWay = value;
      return this;
    }

    /** What the server asks for as authentication; empty for none. */
    public Builder authToken(String token) {
      authToken = token;
      return this;
    }

    /** A name for the server's log. */
    public Builder clientName(String name) {
      clientName = name;
      return this;
    }

    /** Time for connecting and the handshake, above 0; 10 seconds by default. */
    public Builder connectTimeout(Duration timeout) {
      connectTimeout = Timeouts.of("connectTimeout", timeout);
      return this;
    }

    /**
     * How long one answer may take, above 0; 5 minutes by default. The first token of a long prompt
     * on a busy server takes longest. A dead connection is noticed sooner, by pings.
     */
    public Builder answerTimeout(Duration timeout) {
      answerTimeout = Timeouts.of("answerTimeout", timeout);
      return this;
    }

    /**
     * Connects and shakes hands.
     *
     * @throws UnreachableException if nothing answers there, connections end before WELCOME several
     *     times in succession, or they are lost for as long as {@link #outageTimeout} says
     * @throws TokenizerMismatchException if the draft model shares less than nine tenths of the
     *     target's tokens
     * @throws BusyException if the server takes no more connections
     * @throws RefusedException if it refuses for another reason, is not exact where that was asked
     *     for, or has no vocabulary to give where that is needed
     * @throws ServerFaultException if what answers is no SLED server, or gives a vocabulary that is
     *     not its target's
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public SledClient connect() throws InterruptedException {
      Hello hello =
          fingerprint == null
              ? Hello.withoutTokenizer(authToken, clientName)
              : Hello.of(fingerprint, authToken, clientName);
      ServerCheck check = new ServerCheck(fingerprint, exactDrafts);
      ServerOrder order = new ServerOrder(servers, serverKey);
      ClientTransport own = sharedTransport == null ? new ClientTransport(1) : null;
      ClientTransport transport = own == null ? sharedTransport : own;
      Uplinks uplinks =
          new Uplinks(
              order,
              (server, timeout) -> {
                SessionRouter router = new SessionRouter();
                ClientConnection connection =
                    transport.connect(
                        server.getHostString(), server.getPort(), hello, timeout, router);
                check.require(connection);
                return new Uplink(server, connection, router);
              },
              connectTimeout);
      AtomicReference<TargetVocabulary> vocabulary = new AtomicReference<>();
      boolean connected = false;
      try {
        uplinks.connectFirst(
            uplink -> {
              vocabulary.set(targetVocabulary(uplink));
              check.keepTo(uplink.connection().welcome());
            },
            outage == Outage.FAIL ? Duration.ZERO : outageTimeout);
        SledClient client = new SledClient(this, own, uplinks, vocabulary.get());
        connected = true;
        return client;
      } finally {
        if (!connected) {
          uplinks.close();
          if (vocabulary.get() != null) {
            vocabulary.get().close();
          }
          if (own != null) {
            own.close();
          }
        }
      }
    }

    private TargetVocabulary targetVocabulary(Uplink uplink) throws InterruptedException {
      if (tokenizer == null && !promptLookup) {
        return TargetVocabulary.own();
      }
      boolean drafts = drafterMaker != null && !promptLookup;
      VocabularyCache cache = new VocabularyCache(vocabularyCache);
      return TargetVocabulary.of(uplink, tokenizer, drafts, cache, answerTimeout);
    }
  }

  /** What the server said of itself when this client connected, for the last time. */
  public ServerInfo server() {
    return uplinks.newest().info();
  }

  /**
   * Turns text into tokens as the target would. Control tokens may be written out, such as {@code
   * <|end|>}.
   *
   * @throws IllegalStateException if this client has no tokenizer
   */
  public int[] tokenize(String text) {
    return Prompts.raw(tokenizer(), server().promptEnds(), text).tokens();
  }

  /**
   * Turns a conversation into the prompt that the target's assistant continues, with the target's
   * chat template. Control tokens come from the template alone: where a message spells one, that is
   * text.
   *
   * @throws IllegalStateException if this client has no tokenizer
   * @throws SledClientException if the target has no chat template
   * @throws org.sled.jni.SledException if the template refuses the messages
   */
  public int[] tokenizeChat(List<ChatMessage> messages) {
    return renderChat(messages, chatOptions()).tokens();
  }

  /**
   * A conversation as the target is given it, with its text.
   *
   * @param options {@link #chatOptions}, with arguments for the template or another time if wanted
   * @see #tokenizeChat
   */
  public Prompt renderChat(List<ChatMessage> messages, ChatOptions options) {
    return Prompts.chat(tokenizer(), options, messages);
  }

  /**
   * How conversations become prompts: the target's chat template, without arguments, and its begin
   * and end tokens.
   *
   * @throws SledClientException if the target has no chat template
   */
  public ChatOptions chatOptions() {
    ServerInfo server = server();
    if (server.chatTemplate().isEmpty()) {
      throw new SledClientException("the target has no chat template: send it raw text instead");
    }
    return server.chatOptions();
  }

  /**
   * The model whose tokenizer this client uses, which is the target's: the draft model, or the
   * vocabulary that it has from the server, which is closed with this client.
   *
   * @throws IllegalStateException if this client has no tokenizer
   */
  public Model tokenizer() {
    Model tokenizer = tokenizerOrNull();
    if (tokenizer == null) {
      throw new IllegalStateException("this client has no draft model, so it cannot tokenize");
    }
    return tokenizer;
  }

  /**
   * Which of the target's tokens the draft model knows, where its vocabulary is another one; null
   * if it knows all of them, or if nothing was compared because there is no draft model.
   */
  public DraftTokens draftTokens() {
    return vocabulary.draftTokens();
  }

  private Model tokenizerOrNull() {
    return vocabulary.fetched() != null ? vocabulary.fetched() : options.tokenizer;
  }

  /** Back to text, token by token; null without a tokenizer. */
  private IntFunction<String> detokenizer() {
    if (vocabulary.fetched() != null) {
      return new Detokenizer(vocabulary.fetched())::feed;
    }
    return options.detokenizers == null ? null : options.detokenizers.get();
  }

  /**
   * Starts a generation, which the caller closes.
   *
   * @throws IllegalArgumentException if the request cannot be served; the text says why
   * @throws SledClientException if this client is closed
   * @throws org.sled.jni.SledException if there is no memory for a draft context
   */
  public Generation start(GenerationRequest request) {
    return start(request, null);
  }

  /**
   * Starts a generation whose tokens go to a listener: {@link Generation#next} gives none of them,
   * only their end.
   *
   * @param listener what it throws fails the generation; null for none
   * @see #start(GenerationRequest)
   */
  public Generation start(GenerationRequest request, GenerationListener listener) {
    return start(request, listener, new TokenStream());
  }

  private Generation start(
      GenerationRequest request, GenerationListener listener, TokenStream tokens) {
    check(request);
    StopFinder stops = stopFinder(request);
    TextDecoder decoder = decoder(request);
    GenerationMeter meter = new GenerationMeter(request.draftTokens(), System::nanoTime);
    SessionInbox inbox = new SessionInbox(lastSession.incrementAndGet());
    boolean drafts = request.draftTokens() > 0 && !policy.isPaused();
    BlockDrafter drafter = drafts ? takeDrafter(request) : null;
    TokenHistory history = null;
    boolean started = false;
    try {
      history = history(request);
      DraftLoop loop = loop(request, listener, tokens, stops, meter, inbox, drafter, history);
      DraftThread thread = new DraftThread(() -> run(loop, drafter), inbox.session());
      Generation generation = new Generation(tokens, inbox, meter, thread, decoder);
      generations.start(thread, generation);
      started = true;
      return generation;
    } finally {
      if (!started) {
        if (history != null) {
          history.release();
        }
        if (drafter != null) {
          drafters.giveBack(drafter);
        }
      }
    }
  }

  private DraftLoop loop(
      GenerationRequest request,
      GenerationListener listener,
      TokenStream tokens,
      StopFinder stops,
      GenerationMeter meter,
      SessionInbox inbox,
      BlockDrafter drafter,
      TokenHistory history) {
    return new DraftLoop(
        request,
        new ServerLink(uplinks, inbox, meter, options.answerTimeout),
        options.patience(),
        drafter,
        policy,
        server(),
        stops,
        history,
        tokens,
        meter,
        listener);
  }

  /** On the draft thread. */
  private void run(DraftLoop loop, BlockDrafter drafter) {
    try {
      if (options.givesWay) {
        giveWay();
      }
      loop.run();
    } finally {
      if (drafter != null) {
        drafters.giveBack(drafter);
      }
      generations.ended();
    }
  }

  /**
   * Starts a generation whose events are read instead of its tokens; the caller closes them.
   *
   * @see #start(GenerationRequest)
   */
  public EventStream events(GenerationRequest request) {
    EventStream events = new EventStream();
    events.of(start(request, events.writer(), new TokenStream(events::onCancel)));
    return events;
  }

  /** Back to text; null without a tokenizer. */
  private TextDecoder decoder(GenerationRequest request) {
    Model tokenizer = tokenizerOrNull();
    if (tokenizer != null) {
      return new TextDecoder(tokenizer, request.stopStrings());
    }
    IntFunction<String> detokenizer = detokenizer();
    return detokenizer == null
        ? null
        : new TextDecoder(detokenizer, () -> "", request.stopStrings());
  }

  private StopFinder stopFinder(GenerationRequest request) {
    Model tokenizer = tokenizerOrNull();
    return tokenizer == null
        ? new StopFinder(request.stopStrings(), detokenizer())
        : new StopFinder(
            request.stopStrings(), StopTokens.of(tokenizer, request.stopStrings()), detokenizer());
  }

  /** A drafter for this one; the one before may have been for another. */
  private BlockDrafter takeDrafter(GenerationRequest request) {
    BlockDrafter drafter = drafters.take();
    boolean ready = false;
    try {
      drafter.begin(request);
      ready = true;
      return drafter;
    } finally {
      if (!ready) {
        drafters.giveBack(drafter);
      }
    }
  }

  private void check(GenerationRequest request) {
    if (request.draftTokens() > 0 && drafters == null) {
      throw new IllegalArgumentException(
          "drafting needs a draft model with weights; ask for 0 draft tokens, or set one");
    }
    Limits limits = welcome().limits();
    TokenIds prompt = request.prompt();
    if (prompt.count() > limits.maxPromptTokens()) {
      throw new IllegalArgumentException(
          "the prompt has "
              + prompt.count()
              + " tokens, and the server takes "
              + limits.maxPromptTokens()
              + "; shorten it, or give the server a larger context");
    }
    int vocabularySize = welcome().fingerprint().vocabularySize();
    for (int i = 0; i < prompt.count(); i++) {
      if (Integer.compareUnsigned(prompt.id(i), vocabularySize) >= 0) {
        throw new IllegalArgumentException(
            "prompt token " + prompt.id(i) + " is not within 0 to " + (vocabularySize - 1));
      }
    }
    String problem = request.sampling().biasProblem(vocabularySize);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    if (Open.promptTokensPerFrame(request.sampling(), limits.maxFrameBytes()) == 0) {
      throw new IllegalArgumentException(
          "a logit bias of "
              + request.sampling().logitBias().size()
              + " tokens does not fit into the server's frames of "
              + limits.maxFrameBytes()
              + " bytes");
    }
  }

  /** Room for what will come, if that is known and not much. */
  private TokenHistory history(GenerationRequest request) {
    int promptTokens = request.prompt().count();
    int newTokens = request.maxTokens() == 0 ? 1024 : Math.min(request.maxTokens(), 16 * 1024);
    return new TokenHistory(
        uplinks.newest().connection().allocator(),
        request.prompt(),
        promptTokens + newTokens + Math.min(request.draftTokens(), 1024));
  }

  /**
   * Stops drafting, or begins again; for a device whose battery, memory or temperature is at its
   * limit. While it is stopped, the server goes on alone with all generations, running and new
   * ones, and idle draft contexts are freed. A generation that began meanwhile never drafts.
   */
  public void pauseDrafting(boolean paused) {
    policy.pause(paused);
    if (paused && drafters != null) {
      drafters.trim();
    }
  }

  /** The round trip to the server: the least of the newest three, ns, or -1 before the first. */
  public long roundTripNanos() {
    return uplinks.newest().connection().roundTripNanos();
  }

  /** Whether there is no connection at the moment. */
  public boolean isClosed() {
    return uplinks.newest().connection().isClosed();
  }

  /**
   * Ends the generations that still run, whose readers get a {@link SledClientException} behind
   * what is committed, waits for them as {@link Generation#close} does, and closes all connections.
   * Any thread but an event loop; a listener does not wait, and all is freed soon. Idempotent.
   */
  @Override
  public void close() {
    generations.failAll();
    if (DraftThread.isCurrent()) {
      Thread thread = new Thread(this::free, "sled-close");
      thread.setDaemon(true);
      thread.start();
    } else {
      free();
    }
  }

  private void free() {
    generations.awaitEnds();
    DraftExperience learnt = policy.experience();
    if (pair != null && learnt.draftNanos() > 0) {
      experience.write(pair, learnt);
    }
    uplinks.close();
    if (transport != null) {
      transport.close();
    }
    if (drafters != null) {
      drafters.close();
    }
    vocabulary.close();
  }

  private static void giveWay() {
    try {
      NativeThread.giveWay();
    } catch (SledException e) {
      LOG.warn("drafting competes with other work here: {}", e.getMessage());
    }
  }
}
