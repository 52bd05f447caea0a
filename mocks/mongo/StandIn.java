import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Speaks MongoDB's wire protocol from memory, on loopback and a free port, which it prints. For machines that can get no mongod. */
public final class StandIn {
  /** None of the library's own versions names a wire version that the current driver speaks to. */
  private static final class Version implements MongoVersion {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 13;
    }
  }

  public static void main(String[] args) throws InterruptedException {
    MemoryBackend backend = new MemoryBackend();
    backend.version(new Version());
    MongoServer server = new MongoServer(backend);
    server.bind("127.0.0.1", 0);
    System.out.println("listening on port " + server.getLocalAddress().getPort());
    new CountDownLatch(1).await();
  }
}
