//! By the runtime's clock, which stands still but for sleep.

use std::cell::{Cell, RefCell};

use futures_util::future::join_all;
use tokio::task::LocalSet;

use super::*;

/// An engine that counts how often it is asked.
#[derive(Default)]
struct Fake {
    /// None: it fails.
    ids: RefCell<Option<&'static str>>,
    takes: Cell<Duration>,
    asked: Cell<u32>,
}

impl Source for Fake {
    async fn tenants(&self) -> Result<BTreeSet<String>, Refusal> {
        self.asked.set(self.asked.get() + 1);
        tokio::time::sleep(self.takes.get()).await;
        let ids = self.ids.borrow().ok_or_else(|| Refusal::new(Kind::EngineAnswer, "no"))?;
        Ok(ids.split(' ').map(str::to_owned).collect())
    }
}

struct Scene {
    every: Arc<EveryTenant>,
    fake: Rc<Fake>,
}

impl Scene {
    fn of(ids: &'static str) -> Self {
        let fake = Fake { ids: RefCell::new(Some(ids)), ..Fake::default() };
        Self { every: Arc::new(EveryTenant::new(&[])), fake: Rc::new(fake) }
    }

    fn set(&self, ids: Option<&'static str>) {
        *self.fake.ids.borrow_mut() = ids;
    }

    /// A request, with what its caller is granted.
    async fn request(&self) -> Result<Caller, Refusal> {
        self.every.granted(&self.fake, caller()).await
    }

    async fn tenants(&self) -> String {
        Tenant::joined(self.request().await.unwrap().tenants(Level::Read))
    }

    /// Whether a request of this caller that names another tenant is judged once more.
    async fn anew(&self, caller: &Caller) -> Option<String> {
        Some(Tenant::joined(self.every.anew(&*self.fake, caller).await?.tenants(Level::Read)))
    }
}

fn caller() -> Caller {
    Caller::new(tenant("own")).granted_all_tenants(Some(Level::Read))
}

fn tenant(id: &str) -> Tenant {
    Tenant::parse(id, &[]).unwrap()
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn the_list_is_renewed_in_the_background_while_it_is_used() {
    let scene = Scene::of("own B camunda-admin B,C");
    let story = async {
        assert_eq!(scene.tenants().await, "own,B");
        for _ in 0..100 {
            scene.request().await.unwrap();
        }
        assert_eq!(scene.fake.asked.get(), 1);
        scene.set(Some("C"));
        assert_eq!(scene.tenants().await, "own,B");
        pass(6).await;
        // What came shows, and what went does not.
        assert_eq!((scene.tenants().await.as_str(), scene.fake.asked.get()), ("own,C", 2));
        // No request waits for a renewal.
        scene.fake.takes.set(Duration::from_secs(3));
        pass(5).await;
        let began = Instant::now();
        assert_eq!((scene.tenants().await.as_str(), scene.fake.asked.get()), ("own,C", 3));
        assert_eq!(began.elapsed(), Duration::ZERO);
        scene.fake.takes.set(Duration::ZERO);
        // Nobody asks any more: neither does the gateway, and the next request waits for a new list.
        pass(100).await;
        let asked = scene.fake.asked.get();
        scene.set(Some("D"));
        pass(100).await;
        assert_eq!(scene.fake.asked.get(), asked);
        assert_eq!((scene.tenants().await.as_str(), scene.fake.asked.get()), ("own,D", asked + 1));
        pass(6).await;
        assert_eq!(scene.fake.asked.get(), asked + 2);
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test(start_paused = true)]
async fn another_tenant_has_the_engine_asked_at_most_once_in_a_cooldown_for_all() {
    let scene = Scene::of("B");
    let story = async {
        let before = scene.request().await.unwrap();
        pass(1).await;
        scene.set(Some("C"));
        scene.fake.takes.set(Duration::from_millis(100));
        // What a caller had stays for its request, which may be narrowed to that already.
        let all = join_all((0..20).map(|_| scene.anew(&before))).await;
        assert!(all.iter().all(|tenants| tenants.as_deref() == Some("own,B,C")), "{all:?}");
        assert_eq!(scene.fake.asked.get(), 2);
        let now = scene.request().await.unwrap();
        for _ in 0..20 {
            assert_eq!(scene.anew(&now).await, None);
        }
        assert_eq!(scene.fake.asked.get(), 2);
        pass(1).await;
        assert_eq!((scene.anew(&now).await, scene.fake.asked.get()), (None, 3));
        // Who hangs up has used the cooldown all the same.
        pass(1).await;
        for _ in 0..20 {
            drop(tokio::time::timeout(Duration::from_millis(1), scene.anew(&now)).await);
        }
        assert_eq!(scene.fake.asked.get(), 4);
        // The twin: who is granted no more than it names never asks.
        pass(1).await;
        assert_eq!(scene.anew(&Caller::new(tenant("own"))).await, None);
        assert_eq!(scene.fake.asked.get(), 4);
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_keeps_the_list_for_a_minute() {
    let scene = Scene::of("B");
    let story = async {
        let caller = scene.request().await.unwrap();
        scene.set(None);
        assert_eq!(scene.anew(&caller).await, None);
        for _ in 0..12 {
            assert_eq!(scene.tenants().await, "own,B");
            pass(5).await;
        }
        // The last one waits, and all that wait share one question and its answer.
        scene.fake.takes.set(Duration::from_secs(1));
        pass(4).await;
        let asked = scene.fake.asked.get();
        let all = join_all((0..20).map(|_| scene.request())).await;
        assert!(all.iter().all(Result::is_err), "used for too long");
        assert_eq!(scene.fake.asked.get(), asked + 1);
        // The twin: it answers again.
        scene.set(Some("B C"));
        assert_eq!(scene.tenants().await, "own,B,C");
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_token_grants_besides_stays_at_the_higher_level_and_is_put_together_once() {
    let scene = Scene::of("B C");
    let story = async {
        let own = |id| {
            let mut grants = Grants::default();
            grants.add(tenant(id), Level::All);
            caller().granted(grants)
        };
        let granted = async |id| scene.every.granted(&scene.fake, own(id)).await.unwrap();
        let one = granted("B").await;
        assert_eq!((one.level("B"), one.level("C")), (Some(Level::All), Some(Level::Read)));
        assert_eq!((one.level("D"), granted("D").await.level("D")), (None, Some(Level::All)));
        assert!(Arc::ptr_eq(one.grants(), granted("B").await.grants()), "put together for each request");
        // A renewal that brings nothing new changes nothing.
        pass(6).await;
        assert!(Arc::ptr_eq(one.grants(), granted("B").await.grants()), "put together after each renewal");
    };
    LocalSet::new().run_until(story).await;
}
