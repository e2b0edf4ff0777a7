// Typed clients, informers and a controller of client-go and controller-runtime, as every operator uses them.
// usage: compatibility KUBECONFIG   prints one line of JSON for each step; the first that fails ends the program
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/pager"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const namespace = "go-clients"

type step struct {
	Step   string `json:"step"`
	Result any    `json:"result"`
}

func say(name string, result any) {
	line, err := json.Marshal(step{name, result})
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	must(err)
	config.QPS, config.Burst = 500, 500
	proto := rest.CopyConfig(config)
	proto.ContentType = runtime.ContentTypeProtobuf
	proto.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	clients, err := kubernetes.NewForConfig(proto)
	must(err)

	_, err = clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	must(err)
	typed(ctx, clients)
	informer(ctx, clients)
	paged(ctx, clients)
	metadataOnly(ctx, config)
	controller(ctx, config)
	must(clients.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}))
	say("done", true)
}

func typed(ctx context.Context, clients *kubernetes.Clientset) {
	maps := clients.CoreV1().ConfigMaps(namespace)
	made, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "typed"}, Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": {0, 1, 255}}}, metav1.CreateOptions{})
	must(err)
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "typed"}}, metav1.CreateOptions{})
	say("create twice", apierrors.IsAlreadyExists(err))
	made.Data["a"] = "2"
	updated, err := maps.Update(ctx, made, metav1.UpdateOptions{})
	must(err)
	_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
	say("update of an old version", apierrors.IsConflict(err))
	say("updated", map[string]any{"a": updated.Data["a"], "b": updated.BinaryData["b"]})
	patched, err := maps.Patch(ctx, "typed", types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"l":"1"}}}`), metav1.PatchOptions{})
	must(err)
	say("patched", patched.Labels)
	applied, err := maps.Apply(ctx, applycorev1.ConfigMap("typed", namespace).WithData(map[string]string{"c": "3"}), metav1.ApplyOptions{FieldManager: "go"})
	must(err)
	say("applied", applied.Data)
	_, err = maps.Apply(ctx, applycorev1.ConfigMap("typed", namespace).WithData(map[string]string{"a": "x"}), metav1.ApplyOptions{FieldManager: "other"})
	say("conflict", apierrors.IsConflict(err))
	uid := types.UID("nope")
	err = maps.Delete(ctx, "typed", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	say("delete of another uid", apierrors.IsConflict(err))
	must(maps.Delete(ctx, "typed", metav1.DeleteOptions{}))
	_, err = maps.Get(ctx, "typed", metav1.GetOptions{})
	say("gone", apierrors.IsNotFound(err))
	one := int32(1)
	labels := map[string]string{"app": "typed"}
	deployment, err := clients.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "typed"},
		Spec: appsv1.DeploymentSpec{Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "registry.example/a:1"}}}}},
	}, metav1.CreateOptions{})
	must(err)
	scale, err := clients.AppsV1().Deployments(namespace).GetScale(ctx, "typed", metav1.GetOptions{})
	must(err)
	scale.Spec.Replicas = 3
	scale, err = clients.AppsV1().Deployments(namespace).UpdateScale(ctx, "typed", scale, metav1.UpdateOptions{})
	must(err)
	say("scaled", map[string]any{"replicas": scale.Spec.Replicas, "generation": deployment.Generation, "strategy": deployment.Spec.Strategy.Type})
	_, err = clients.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "Bad_"}}, metav1.CreateOptions{})
	var status *apierrors.StatusError
	say("invalid", apierrors.IsInvalid(err) && errors.As(err, &status) && len(status.ErrStatus.Details.Causes) > 0)
}

func informer(ctx context.Context, clients *kubernetes.Clientset) {
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(namespace))
	secrets := factory.Core().V1().Secrets()
	events := make(chan string, 100)
	_, err := secrets.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { events <- "added " + o.(*corev1.Secret).Name },
		UpdateFunc: func(_, o any) { events <- "updated " + string(o.(*corev1.Secret).Data["k"]) },
		DeleteFunc: func(o any) { events <- "deleted" },
	})
	must(err)
	api := clients.CoreV1().Secrets(namespace)
	_, err = api.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "before"}}, metav1.CreateOptions{})
	must(err)
	stop := make(chan struct{})
	defer close(stop)
	factory.Start(stop)
	if !cache.WaitForCacheSync(ctx.Done(), secrets.Informer().HasSynced) {
		must(errors.New("the informer did not sync"))
	}
	made, err := api.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "after"}}, metav1.CreateOptions{})
	must(err)
	made.Data = map[string][]byte{"k": []byte("v")}
	_, err = api.Update(ctx, made, metav1.UpdateOptions{})
	must(err)
	must(api.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "metadata.name=after"}))
	var seen []string
	for len(seen) < 4 {
		select {
		case event := <-events:
			seen = append(seen, event)
		case <-ctx.Done():
			must(fmt.Errorf("the informer told only %v", seen))
		}
	}
	say("informer", seen)
}

func paged(ctx context.Context, clients *kubernetes.Clientset) {
	for i := range 25 {
		_, err := clients.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", i), Labels: map[string]string{"paged": "yes"}}}, metav1.CreateOptions{})
		must(err)
	}
	var names []string
	pages := 0
	lister := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		pages++
		return clients.CoreV1().ConfigMaps(namespace).List(ctx, options)
	})
	lister.PageSize = 10
	must(lister.EachListItem(ctx, metav1.ListOptions{LabelSelector: "paged=yes"}, func(o runtime.Object) error {
		names = append(names, o.(*corev1.ConfigMap).Name)
		return nil
	}))
	say("paged", map[string]any{"pages": pages, "items": len(names), "first": names[0], "last": names[len(names)-1]})
}

func metadataOnly(ctx context.Context, config *rest.Config) {
	clients, err := metadata.NewForConfig(config)
	must(err)
	list, err := clients.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "paged=yes", Limit: 2})
	must(err)
	say("metadata", map[string]any{"name": list.Items[0].Name, "more": list.Continue != ""})
}

// controller labels each ConfigMap that asks for it, as operators do.
func controller(ctx context.Context, config *rest.Config) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	manager, err := ctrl.NewManager(config, ctrl.Options{Metrics: server.Options{BindAddress: "0"}, LeaderElection: true, LeaderElectionID: "go-clients", LeaderElectionNamespace: namespace})
	must(err)
	api := manager.GetClient()
	must(ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Complete(reconciler{api}))
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	direct, err := client.New(config, client.Options{})
	must(err)
	must(direct.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "asks", Namespace: namespace, Annotations: map[string]string{"asks": "yes"}}}))
	must(wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var found corev1.ConfigMap
		if err := direct.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "asks"}, &found); err != nil {
			return false, err
		}
		return found.Labels["answered"] == "yes", nil
	}))
	var lease corev1.ConfigMapList
	must(direct.List(ctx, &lease, client.InNamespace(namespace), client.MatchingLabels{"answered": "yes"}))
	names := []string{}
	for _, item := range lease.Items {
		names = append(names, item.Name)
	}
	sort.Strings(names)
	say("controller", names)
	cancel()
	must(<-ended)
}

type reconciler struct{ api client.Client }

func (r reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var found corev1.ConfigMap
	if err := r.api.Get(ctx, request.NamespacedName, &found); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if found.Annotations["asks"] != "yes" || found.Labels["answered"] == "yes" {
		return ctrl.Result{}, nil
	}
	before := found.DeepCopy()
	found.Labels = map[string]string{"answered": "yes"}
	return ctrl.Result{}, r.api.Patch(ctx, &found, client.MergeFrom(before))
}
